"""A proxy that passes requests on and loses the first answer of every kind: the work is done, the client never hears.

It answers 503 in place of the lost answer, so a client repeats the request.
"""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

KINDS = ("create_model", "forward_backward", "optim_step", "asample", "retrieve_future", "save_weights_for_sampler")
DROPPED_HEADERS = {"transfer-encoding", "connection", "content-length", "host"}


class Flaky(ThreadingHTTPServer):
    """`lost` counts the answers that were thrown away, by kind."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), Relay)
        self.upstream = urlsplit(upstream).netloc
        self.lost: dict[str, int] = {}
        self.guard = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def loses(self, kind: str) -> bool:
        with self.guard:
            if kind not in KINDS or kind in self.lost:
                return False
            self.lost[kind] = 1
            return True


class Relay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in DROPPED_HEADERS}
        connection = http.client.HTTPConnection(self.server.upstream, timeout=120)
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        payload, status, kept = answer.read(), answer.status, answer.getheaders()
        connection.close()
        if self.server.loses(self.path.rsplit("/", 1)[-1]):
            payload, status, kept = b'{"detail":"the answer was lost"}', 503, [("Content-Type", "application/json")]
        self.send_response(status)
        for name, value in kept:
            if name.lower() not in DROPPED_HEADERS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_DELETE = do_PUT = relay

    def log_message(self, *_: object) -> None:
        pass
