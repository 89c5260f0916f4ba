"""Bad requests and the answer to each, for the tests and for a page of the documentation.

Each row is what goes wrong, the bytes that a client sends, and the status and code of the answer. After each of these
answers the connection is closed.
"""

from typing import Final, NamedTuple

from fairlead.router.wire.limits import RequestLimits

LIMITS: Final = RequestLimits(head_bytes=4096, head_lines=32, target_bytes=512, body_bytes=1024)
"""Small ones, so that the rows can be read."""


class BadRequest(NamedTuple):
    """One row."""

    what: str
    sent: bytes
    status: int
    code: str


def _post(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join((b"POST /v1/completions HTTP/1.1", *lines)) + b"\r\n\r\n" + body


def _chunked(body: bytes) -> bytes:
    return _post(b"Host: a", b"Transfer-Encoding: chunked", body=body)


def _get(line: bytes) -> bytes:
    return line + b"\r\nHost: a\r\n\r\n"


LENGTH_5: Final = b"Content-Length: 5"
CHUNKED: Final = b"Transfer-Encoding: chunked"
HOST: Final = b"Host: a"
MALFORMED: Final = (400, "malformed_request")
CHUNKS: Final = (400, "bad_chunks")
BOTH: Final = (400, "length_and_chunked")
CODING: Final = (501, "unknown_transfer_coding")
METHOD: Final = (501, "unknown_method")
VERSION: Final = (505, "unknown_http_version")
TARGET: Final = (400, "bad_target")
LARGE_BODY: Final = (413, "request_too_large")
LARGE_HEAD: Final = (431, "headers_too_large")

FRAMING: Final = (
    BadRequest("Content-Length and Transfer-Encoding", _post(HOST, LENGTH_5, CHUNKED, body=b"0\r\n\r\n"), *BOTH),
    BadRequest("Transfer-Encoding and Content-Length", _post(HOST, CHUNKED, LENGTH_5, body=b"0\r\n\r\n"), *BOTH),
    BadRequest("Transfer-Encoding with HTTP/1.0", b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", *BOTH),
    BadRequest("two equal Content-Length", _post(HOST, LENGTH_5, LENGTH_5, body=b"hello"), *MALFORMED),
    BadRequest("two different Content-Length", _post(HOST, LENGTH_5, b"content-length: 6", body=b"hello"), *MALFORMED),
    BadRequest("a list as Content-Length", _post(HOST, b"Content-Length: 5, 5", body=b"hello"), *MALFORMED),
    BadRequest("a signed Content-Length", _post(HOST, b"Content-Length: +5", body=b"hello"), *MALFORMED),
    BadRequest("a negative Content-Length", _post(HOST, b"Content-Length: -5", body=b"hello"), *MALFORMED),
    BadRequest("a hexadecimal Content-Length", _post(HOST, b"Content-Length: 0x5", body=b"hello"), *MALFORMED),
    BadRequest("an empty Content-Length", _post(HOST, b"Content-Length:", body=b"hello"), *MALFORMED),
    BadRequest("a Content-Length of words", _post(HOST, b"Content-Length: five", body=b"hello"), *MALFORMED),
    BadRequest("a Content-Length with an underscore", _post(HOST, b"Content-Length: 1_0", body=b"hello"), *MALFORMED),
    BadRequest("a Content-Length over 64 bits", _post(HOST, b"Content-Length: 99999999999999999999999"), *LARGE_BODY),
    BadRequest("a Content-Length over the limit", _post(HOST, b"Content-Length: 1025"), *LARGE_BODY),
    BadRequest("a transfer coding that is not chunked", _post(HOST, b"Transfer-Encoding: gzip"), *CODING),
    BadRequest("gzip before chunked", _post(HOST, b"Transfer-Encoding: gzip, chunked"), *CODING),
    BadRequest("chunked before gzip", _post(HOST, b"Transfer-Encoding: chunked, gzip"), *MALFORMED),
    BadRequest("chunked twice", _post(HOST, CHUNKED, CHUNKED, body=b"0\r\n\r\n"), *MALFORMED),
    BadRequest("a coding that begins like chunked", _post(HOST, b"Transfer-Encoding: chunkedx"), *CODING),
    BadRequest("identity as transfer coding", _post(HOST, b"Transfer-Encoding: identity"), *CODING),
)
HEADERS: Final = (
    BadRequest("no Host", b"GET / HTTP/1.1\r\n\r\n", 400, "host_missing"),
    BadRequest("two Host", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "host_twice"),
    BadRequest(
        "two Content-Type",
        _post(
            HOST, b"Content-Type: multipart/form-data; boundary=b", b"content-type: text/plain", LENGTH_5, body=b"hello"
        ),
        400,
        "content_type_twice",
    ),
    BadRequest("a folded header", b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", *MALFORMED),
    BadRequest("a header folded with a tab", b"GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", *MALFORMED),
    BadRequest("space before a colon", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", *MALFORMED),
    BadRequest("space before a name", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", *MALFORMED),
    BadRequest("a header without a name", b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", *MALFORMED),
    BadRequest("a header without a colon", b"GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n", *MALFORMED),
    BadRequest("a brace in a name", b"GET / HTTP/1.1\r\nHost: a\r\na{b: c\r\n\r\n", *MALFORMED),
    BadRequest("NUL in a value", b"GET / HTTP/1.1\r\nHost: a\r\nb: \0\r\n\r\n", *MALFORMED),
    BadRequest("a control character in a value", b"GET / HTTP/1.1\r\nHost: a\r\nb: \x01\r\n\r\n", *MALFORMED),
    BadRequest("NUL in a name", b"GET / HTTP/1.1\r\nHost: a\r\nb\0: c\r\n\r\n", *MALFORMED),
    BadRequest("a bare CR in a value", b"GET / HTTP/1.1\r\nHost: a\r\nb: c\rd\r\n\r\n", *MALFORMED),
    BadRequest("a bare LF after the request line", b"GET / HTTP/1.1\nHost: a\r\n\r\n", *MALFORMED),
    BadRequest("a bare LF after a header", b"GET / HTTP/1.1\r\nHost: a\nb: c\r\n\r\n", *MALFORMED),
    BadRequest("bare LFs only", b"GET / HTTP/1.1\nHost: a\n\n", *MALFORMED),
    BadRequest("a head that ends with a bare LF", b"GET / HTTP/1.1\r\nHost: a\r\n\n", *MALFORMED),
    BadRequest("two CRs before an LF", b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", *MALFORMED),
    BadRequest(
        "an expectation that is not 100-continue",
        _post(HOST, b"Expect: a-miracle", LENGTH_5, body=b"hello"),
        417,
        "unknown_expectation",
    ),
    BadRequest("too many headers", _post(HOST, *(b"a%d: b" % i for i in range(40))), 431, "too_many_headers"),
    BadRequest("a long header", _post(HOST, b"a: " + b"b" * 5000), *LARGE_HEAD),
    BadRequest("a header without an end", b"GET / HTTP/1.1\r\nHost: a\r\nb: " + b"c" * 5000, *LARGE_HEAD),
)
FIRST_LINES: Final = (
    BadRequest("a method in lower case", _get(b"get / HTTP/1.1"), *METHOD),
    BadRequest("an unknown method", _get(b"BREW /pot HTTP/1.1"), *METHOD),
    BadRequest("a method that ends with a colon", _get(b"GET: / HTTP/1.1"), *METHOD),
    BadRequest("CONNECT", b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", *METHOD),
    BadRequest("CONNECT without an empty line", b"CONNECT \n\r\n[", *MALFORMED),
    BadRequest("no version", _get(b"GET /"), *MALFORMED),
    BadRequest("HTTP/0.9", _get(b"GET / HTTP/0.9"), *VERSION),
    BadRequest("HTTP/1.2", _get(b"GET / HTTP/1.2"), *VERSION),
    BadRequest("HTTP/2.0 in a request line", _get(b"GET / HTTP/2.0"), *VERSION),
    BadRequest("a version in lower case", _get(b"GET / http/1.1"), *MALFORMED),
    BadRequest("another protocol's version", _get(b"GET / RTSP/1.0"), *VERSION),
    BadRequest("words after the version", _get(b"GET / HTTP/1.1 please"), *MALFORMED),
    BadRequest("two spaces after the method", _get(b"GET  / HTTP/1.1"), *MALFORMED),
    BadRequest("a tab after the method", _get(b"GET\t/ HTTP/1.1"), *METHOD),
    BadRequest("a target without a slash", _get(b"GET v1/models HTTP/1.1"), *TARGET),
    BadRequest("an absolute target", _get(b"GET http://a/v1/models HTTP/1.1"), *TARGET),
    BadRequest("an absolute target with TLS", _get(b"GET https://a/v1/models HTTP/1.1"), *TARGET),
    BadRequest("a star that is not OPTIONS", _get(b"GET * HTTP/1.1"), *TARGET),
    BadRequest("a fragment in the target", _get(b"GET /v1/models#a HTTP/1.1"), *TARGET),
    BadRequest("NUL in the target", _get(b"GET /\0 HTTP/1.1"), *TARGET),
    BadRequest("a raw byte over 127 in the target", _get(b"GET /\xff HTTP/1.1"), *TARGET),
    BadRequest("a long target", _get(b"GET /" + b"a" * 600 + b" HTTP/1.1"), 414, "target_too_long"),
    BadRequest("a target without an end", b"GET /" + b"a" * 5000, 414, "target_too_long"),
    BadRequest("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", *VERSION),
    BadRequest("TLS on a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "tls_on_plain_port"),
    BadRequest("SSH on this port", b"SSH-2.0-OpenSSH_9.2\r\n", *METHOD),
    BadRequest("a Redis command", b"*1\r\n$4\r\nPING\r\n", *METHOD),
    BadRequest("noise", bytes(range(128, 160)), *METHOD),
    BadRequest("an answer instead of a request", b"HTTP/1.1 200 OK\r\n\r\n", *METHOD),
)
CHUNKED_BODIES: Final = (
    BadRequest("a chunk size that is no number", _chunked(b"g\r\n"), *CHUNKS),
    BadRequest("an empty chunk size", _chunked(b"\r\nhello"), *CHUNKS),
    BadRequest("a negative chunk size", _chunked(b"-5\r\nhello"), *CHUNKS),
    BadRequest("a chunk size with 0x", _chunked(b"0x5\r\nhello"), *CHUNKS),
    BadRequest("a chunk size with an underscore", _chunked(b"1_0\r\nhello"), *CHUNKS),
    BadRequest("a space after a chunk size", _chunked(b"5 \r\nhello\r\n"), *CHUNKS),
    BadRequest("a chunk size over 64 bits", _chunked(b"fffffffffffffffff\r\n"), *CHUNKS),
    BadRequest("a chunk size that ends with a bare LF", _chunked(b"5\nhello\r\n"), *CHUNKS),
    BadRequest("a chunk that is longer than its size", _chunked(b"5\r\nhello!\r\n0\r\n\r\n"), *CHUNKS),
    BadRequest("a chunk that ends with a bare LF", _chunked(b"5\r\nhello\n0\r\n\r\n"), *CHUNKS),
    BadRequest("NUL in a chunk extension", _chunked(b"5;a=\0\r\nhello\r\n0\r\n\r\n"), *CHUNKS),
    BadRequest("a chunk extension with a bare LF", _chunked(b"5;a\nhello\r\n"), *CHUNKS),
    BadRequest("a chunk extension without an end", _chunked(b"5;" + b"a" * 40_000), *CHUNKS),
    BadRequest("a trailer without a colon", _chunked(b"0\r\nnothing\r\n\r\n"), *CHUNKS),
    BadRequest("a trailer that is folded", _chunked(b"0\r\na: b\r\n c\r\n\r\n"), *CHUNKS),
    BadRequest("chunks over the limit", _chunked(b"401\r\n" + b"a" * 1025), *LARGE_BODY),
    BadRequest(
        "many chunks over the limit",
        _chunked(b"200\r\n" + b"a" * 512 + b"\r\n200\r\n" + b"a" * 512 + b"\r\n1\r\na\r\n"),
        *LARGE_BODY,
    ),
)
BAD_REQUESTS: Final = FRAMING + HEADERS + FIRST_LINES + CHUNKED_BODIES
