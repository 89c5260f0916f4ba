"""A connection that was kept while the router's limits were changed."""

from dataclasses import replace

from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.request_heads import MalformedRequest
from fairlead.router.wire.requests import ClientRequest, RequestReader
from tests.router.wire import cuts

SENT = b'POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 13\r\n\r\n{"model":"m"}'


def test_a_kept_connection_has_the_new_limits_from_its_next_request_on() -> None:
    client = RequestReader(cuts.LIMITS, HeadCache())
    assert isinstance(client.feed(SENT), ClientRequest)
    client.reset()
    client.limit(replace(cuts.LIMITS, body_bytes=12))
    found = client.feed(SENT)
    assert isinstance(found, MalformedRequest)
    assert found.status == 413
