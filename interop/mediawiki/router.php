<?php
// Notes who asks what, and then lets PHP's own server answer.
$line = json_encode( [
	'path' => parse_url( $_SERVER['REQUEST_URI'], PHP_URL_PATH ),
	'agent' => $_SERVER['HTTP_USER_AGENT'] ?? '',
	'query' => $_GET,
] );
file_put_contents( getenv( 'FLEMING_ACCESS_LOG' ), "$line\n", FILE_APPEND | LOCK_EX );
return false;
