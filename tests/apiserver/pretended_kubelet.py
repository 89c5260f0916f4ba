"""The kubelet's part where kwok fakes the pods: container logs, as the API server requests them."""

import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlparse


@contextmanager
def answering(address: str, pki: Path, log: Sequence[str]) -> Iterator[int]:
    """Serve the same log lines for every container; yields the port."""
    content = ("\n".join(log) + "\n").encode()

    class Kubelet(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # its name is the base class's
            there = urlparse(self.path).path.startswith("/containerLogs/")
            self.send_response(200 if there else 404)
            self.end_headers()
            self.wfile.write(content if there else b"")

        def log_message(self, *_: object) -> None:
            """Suppress the log."""

    server = ThreadingHTTPServer((address, 0), Kubelet)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "apiserver.crt", pki / "apiserver.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, name="pretended kubelet", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
