<?php
// Appended to the LocalSettings.php that MediaWiki's own installer writes.
$wgRightsText = 'Creative Commons Attribution-ShareAlike 4.0';
$wgRightsUrl = 'https://creativecommons.org/licenses/by-sa/4.0/';
$wgUsePathInfo = false;
$wgJobRunRate = 0;

// Debian has neither Wikibase nor Disambiguator. Two tags set the page properties that they would set; MediaWiki keeps
// and hands them out as it does for the real ones.
$wgHooks['ParserFirstCallInit'][] = static function ( $parser ) {
	$parser->setHook( 'testitem', static function ( $content, array $attributes, $parser ) {
		$parser->getOutput()->setPageProperty( 'wikibase_item', $attributes['id'] ?? '' );
		return '';
	} );
	$parser->setHook( 'testdisambiguation', static function ( $content, array $attributes, $parser ) {
		$parser->getOutput()->setPageProperty( 'disambiguation', '' );
		return '';
	} );
};
