"""The connection to a Prometheus over a real socket: what it sends, and which responses are invalid."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fairlead.autoscaler.samples import prometheus
from fairlead.autoscaler.samples.bounded_http import MAX_BYTES
from fairlead.autoscaler.samples.prometheus_api import PrometheusServer, PrometheusUnavailable
from fairlead.autoscaler.samples.prometheus_http import HttpPrometheusClient
from fairlead.autoscaler.samples.prometheus_queries import PrometheusSeries

HOST: Final = "127.0.0.45"
BORN: Final = datetime(2026, 1, 1, tzinfo=UTC)
VECTOR: Final = {"data": {"result": [{"metric": {"pod": "chat-1"}, "value": [100.0, "3.5"]}]}}


@dataclass(slots=True)
class Server:
    url: str = ""
    status: int = 200
    body: bytes = json.dumps(VECTOR).encode()
    seen: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Path, query and token of each request."""


def authority(folder: Path) -> tuple[str, ssl.SSLContext]:
    """A self-signed certificate, and a server's side of it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "prometheus")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(7).not_valid_before(BORN).not_valid_after(BORN + timedelta(days=36500))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = serialization.Encoding.PEM
    (folder / "key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    shown = made.sign(key, hashes.SHA256()).public_bytes(pem)
    (folder / "certificate").write_bytes(shown)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate", folder / "key")
    return shown.decode(), context


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    given = Server()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            given.seen.append((parts.path, parse_qs(parts.query)["query"][0], self.headers["authorization"]))
            self.send_response(given.status)
            self.send_header("content-length", str(len(given.body)))
            self.end_headers()
            self.wfile.write(given.body)

        def log_message(self, *_words: object) -> None:
            """Suppress the log."""

    server = ThreadingHTTPServer((HOST, 0), Answer)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    given.url = f"{'http' if context is None else 'https'}://{HOST}:{server.server_address[1]}/"
    try:
        yield given
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_query_goes_out_with_the_policys_token_and_its_vector_comes_back() -> None:
    with serving() as server:
        connection = prometheus.connect(PrometheusServer(url=server.url, token="hush"))
        found = connection.query("up", list)
        connection.close()

    assert found == [PrometheusSeries({"pod": "chat-1"}, "3.5")]
    assert server.seen == [("/api/v1/query", "up", "Bearer hush")]


@pytest.mark.parametrize("path", ["a/../prometheus", "./prometheus", "prometheus/a/.."])
def test_an_address_that_is_shortened_before_it_is_sent_has_the_same_bounds(path: str) -> None:
    """An adapter without any answered for it, which follows redirects and reads replies of any size."""
    with serving() as server:
        connection = prometheus.connect(PrometheusServer(url=server.url + path, token=None))
        assert connection.query("up", list) == [PrometheusSeries({"pod": "chat-1"}, "3.5")]
        server.body = b" " * (MAX_BYTES + 1)
        with pytest.raises(PrometheusUnavailable, match="its reply is larger than 8 MiB"):
            connection.query("up", list)
        server.status, server.body = 302, b""
        with pytest.raises(PrometheusUnavailable, match="redirects are not followed"):
            connection.query("up", list)
        connection.close()

    assert [one for one, _, _ in server.seen] == ["/prometheus/api/v1/query"] * 3


def test_without_a_token_none_is_sent() -> None:
    with serving() as server:
        HttpPrometheusClient(server.url, None, None).query("up", list)

    assert server.seen[0][2] is None


@pytest.mark.parametrize(
    ("status", "body", "because"),
    [
        (401, b"who are you", "status 401 and no content type; check spec.metrics.prometheus.tokenSecret"),
        (503, b"too busy", "status 503 and no content type; see its log"),
        (200, b"<html>", "its reply with no content type is not that of a Prometheus; check its url"),
        (200, b"{}", "is not that of a Prometheus"),
        (200, json.dumps({"data": {"result": [{"metric": {}}]}}).encode(), "is not that of a Prometheus"),
        (200, json.dumps({"data": {"result": [{"metric": {}, "value": [1, "many"]}]}}).encode(), "is not that of"),
        (200, b"[" * 100_000, "is not that of a Prometheus"),
    ],
)
def test_an_answer_that_is_none_says_why(status: int, body: bytes, because: str) -> None:
    with serving() as server:
        server.status, server.body = status, body
        with pytest.raises(PrometheusUnavailable, match=because):
            HttpPrometheusClient(server.url, None, None).query("up", list)


def test_an_address_that_cannot_be_one_says_which_field_to_correct() -> None:
    for url in ("http://[", "http://:80", "http://prometheus:port", "gopher://prometheus"):
        with pytest.raises(PrometheusUnavailable, match=r"check spec\.metrics\.prometheus\.url"):
            HttpPrometheusClient(url, None, None).query("up", list)


def test_a_host_without_an_address_is_named_so() -> None:
    for host in ("prometheus.invalid", "a" * 70 + ".invalid"):
        with pytest.raises(PrometheusUnavailable, match="its host is not found"):
            HttpPrometheusClient(f"http://{host}", None, None).query("up", list)


def test_a_refused_connection_means_that_prometheus_is_unavailable() -> None:
    with serving() as server:
        gone = server.url
    with pytest.raises(PrometheusUnavailable, match="refused"):
        HttpPrometheusClient(gone, None, None).query("up", list)


def test_a_private_certificate_authority_is_trusted_only_where_the_policy_names_it(tmp_path: Path) -> None:
    pem, context = authority(tmp_path)
    with serving(context) as server:
        assert HttpPrometheusClient(server.url, None, pem).query("up", list)
        with pytest.raises(PrometheusUnavailable, match="certificate verify failed"):
            HttpPrometheusClient(server.url, None, None).query("up", list)


def test_a_reply_over_tls_is_bounded_too(tmp_path: Path) -> None:
    pem, context = authority(tmp_path)
    with serving(context) as server:
        server.body = b" " * 9 * 2**20
        with pytest.raises(PrometheusUnavailable, match="its reply is larger than 8 MiB"):
            HttpPrometheusClient(server.url, None, pem).query("up", list)


def test_an_invalid_certificate_authority_is_reported_before_any_request_is_sent() -> None:
    with pytest.raises(PrometheusUnavailable, match="its CA is not a certificate in PEM"):
        HttpPrometheusClient("https://127.0.0.45:1", None, "no certificate")


def test_a_bundle_of_authorities_may_name_them_in_any_language(tmp_path: Path) -> None:
    pem, context = authority(tmp_path)
    with serving(context) as server:
        bundle = f"\ufeff# Prüfstelle für Prometheus\n{pem}"
        assert HttpPrometheusClient(server.url, None, bundle).query("up", list)


@pytest.mark.parametrize("token", ["\ufeffsesame", "open\nsesame", "öffne"])
def test_a_token_that_no_header_can_carry_is_reported_with_its_secret(token: str) -> None:
    with pytest.raises(PrometheusUnavailable, match=r"its token has line breaks or .*; write its Secret again"):
        HttpPrometheusClient("http://127.0.0.45:1", token, None)


def test_a_range_is_read_as_moments_and_values() -> None:
    with serving() as server:
        course = {"metric": {}, "values": [[3600, "2.5"], [7200, "NaN"]]}
        server.body = json.dumps({"data": {"result": [course]}}).encode()
        (first, second) = HttpPrometheusClient(server.url, None, None).course("up", 3600.0, 7200.0, 3600.0)

    assert first == (3600.0, 2.5)
    assert second[1] != second[1]
    assert server.seen[0][0] == "/api/v1/query_range"
