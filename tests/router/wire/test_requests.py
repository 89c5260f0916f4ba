"""Requests from bytes: the usual one in one read, and the same one cut anywhere."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.limits import RequestLimits
from fairlead.router.wire.request_heads import MalformedRequest, RequestHead
from fairlead.router.wire.requests import ClientRequest, RequestReader, RequestReadStage
from tests.router.wire import cuts

HEAD = (
    b"POST /v1/chat/completions?a=b HTTP/1.1\r\n"
    b"Host: models.example\r\n"
    b"Authorization: Bearer secret-1\r\n"
    b"User-Agent: OpenAI/Python 2.3.0\r\n"
    b"Connection: keep-alive\r\n"
    b"X-Request-Id: r-1\r\n"
    b"x-fairlead-lane: batch\r\n"
    b"Content-Type: application/json\r\n"
)
SIZED = HEAD + b'Content-Length: 13\r\n\r\n{"model":"m"}'
CHUNKED = HEAD + b'Transfer-Encoding: chunked\r\n\r\n6\r\n{"mode\r\n7;a=b\r\nl":"m"}\r\n0\r\nx-sum: 1\r\n\r\n'


def reader(limits: RequestLimits = cuts.LIMITS) -> RequestReader:
    return RequestReader(limits, HeadCache())


def head_of(*lines: bytes, start: bytes = b"GET / HTTP/1.1") -> RequestHead:
    return cuts.request([b"\r\n".join((start, b"Host: a", *lines)) + b"\r\n\r\n"]).head


def refused(data: bytes, limits: RequestLimits = cuts.LIMITS) -> MalformedRequest:
    found = reader(limits).feed(data)
    assert isinstance(found, MalformedRequest)
    return found


@pytest.mark.parametrize("sent", [SIZED, CHUNKED], ids=["sized", "chunked"])
def test_a_request_is_the_same_wherever_it_is_cut(sent: bytes) -> None:
    for pieces in cuts.everywhere(sent):
        request = cuts.request(pieces)
        assert request.body == b'{"model":"m"}'
        assert (request.head.method, request.head.path, request.head.query) == (
            b"POST",
            b"/v1/chat/completions",
            b"a=b",
        )
        assert request.keep_alive
        assert not request.expects


def test_a_list_in_two_lines_is_one_list() -> None:
    lines = (b"Cache-Control: no-store", b"cache-control: max-age=600", b"Origin: https://a", b"Origin: https://b")
    headers = head_of(*lines).headers
    assert (headers[b"cache-control"], headers[b"origin"]) == (b"no-store,max-age=600", b"https://b")


def test_kept_lines_go_on_as_they_came_and_what_ends_here_does_not() -> None:
    head = cuts.request([SIZED]).head
    assert head.lines == b"User-Agent: OpenAI/Python 2.3.0\r\nContent-Type: application/json\r\n"
    assert head.credentials == b"Authorization: Bearer secret-1\r\n"
    assert head.key == b"secret-1"
    assert head.headers[b"x-request-id"] == b"r-1"
    assert head.headers[b"x-fairlead-lane"] == b"batch"
    assert head.start == b"POST /v1/chat/completions?a=b HTTP/1.1\r\n"


def test_what_connection_names_ends_here_too() -> None:
    head = head_of(b"Connection: close, X-Secret", b"X-Secret: 1", b"Connection: x-other", b"X-Other: 2", b"X-Kept: 3")
    assert head.lines == b"X-Kept: 3\r\n"
    assert not head.keep_alive


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ((), None),
        ((b"Authorization: bearer  abc ",), b"abc"),
        ((b"Authorization: Basic abc",), None),
        ((b"x-api-key: k",), b"k"),
        ((b"Authorization: Basic abc", b"X-API-Key: k"), b"k"),
    ],
)
def test_a_client_proves_itself_as_openai_or_as_anthropic_do(lines: tuple[bytes, ...], key: bytes | None) -> None:
    assert head_of(*lines).key == key


def test_http_1_0_closes_unless_the_client_requests_keep_alive() -> None:
    old = b"GET / HTTP/1.0\r\n\r\n"
    assert not cuts.request([old]).keep_alive
    assert cuts.request([old]).head.http10
    assert cuts.request([b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"]).keep_alive


def test_head_and_options_are_requests() -> None:
    assert head_of(start=b"HEAD /health HTTP/1.1").head_only
    assert head_of(start=b"OPTIONS * HTTP/1.1").path == b"*"


def test_an_offer_of_another_protocol_is_passed_over_and_its_body_is_read() -> None:
    """Java's client offers h2c with every plain request; llhttp alone would drop its body."""
    for pieces in cuts.everywhere(
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nContent-Length: 5\r\n\r\nhello"
    ):
        request = cuts.request(pieces)
        assert request.body == b"hello"
        assert request.head.lines == b""


def test_a_head_is_returned_before_its_body_so_that_it_can_be_refused_or_continued() -> None:
    client = reader()
    head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    request = client.feed(head)
    assert isinstance(request, ClientRequest)
    assert (request.whole, request.expects, client.stage) == (False, True, RequestReadStage.BODY)
    assert client.feed(b"hel") is None
    assert client.feed(b"lo") is request
    assert (request.whole, request.expects, request.body, client.stage) == (
        True,
        False,
        b"hello",
        RequestReadStage.WHOLE,
    )


def test_a_client_that_sends_the_body_at_once_gets_no_100_continue() -> None:
    client = reader()
    lines = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n"
    request = client.feed(lines + b"Content-Length: 5\r\n\r\nhe")
    assert isinstance(request, ClientRequest)
    assert not request.expects
    request = reader().feed(lines + b"Transfer-Encoding: chunked\r\n\r\n")
    assert isinstance(request, ClientRequest)
    assert request.expects


def test_the_stage_shows_which_timeout_applies() -> None:
    client = reader()
    stages = []
    for piece in (b"\r\n", b"\r\nPOST / HT", b"TP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", b"a"):
        client.feed(piece)
        stages.append(client.stage)
    assert stages == [RequestReadStage.IDLE, RequestReadStage.HEAD, RequestReadStage.BODY, RequestReadStage.WHOLE]
    client.reset()
    assert client.stage is RequestReadStage.IDLE


def test_blank_lines_before_a_request_are_passed_over() -> None:
    for blank in (b"\r\n", b"\r\n\r\n", b"\n"):
        assert cuts.request([blank + SIZED]).body == b'{"model":"m"}'
        assert cuts.request([blank, SIZED]).body == b'{"model":"m"}'


def test_requests_follow_one_another_on_a_connection() -> None:
    heads = HeadCache()
    client = RequestReader(cuts.LIMITS, heads)
    for body in (b"a", b"", b"abc", b"abcdefghij"):
        for head in (HEAD, b"POST /tokenize HTTP/1.1\r\nHost: b\r\n"):
            request = client.feed(head + b"content-length: %d\r\n\r\n%b" % (len(body), body))
            assert isinstance(request, ClientRequest)
            assert request.body == body
            client.reset()
    assert len(heads.requests.kept) == 2


def test_what_is_new_in_every_request_does_not_make_its_head_new() -> None:
    heads = HeadCache()
    start = b"POST / HTTP/1.1\r\nHost: a\r\n"
    for number in range(5):
        sent = start + b"X-Request-ID:  r-%d \r\nA: b\r\nTraceState: t=%d\r\nContent-Length: 5\r\n\r\nhello" % (
            number,
            number,
        )
        request = cuts.request([sent], heads)
        assert (request.body, request.head.headers[b"x-request-id"]) == (b"hello", b"r-%d" % number)
        assert request.head.lines == b"A: b\r\nTraceState: t=%d\r\n" % number
    assert len(heads.requests.kept) == 1
    assert b"x-request-id" not in cuts.request([start + b"A: b\r\nContent-Length: 5\r\n\r\nhello"], heads).head.headers
    for bad in (b"a\x00", b"a\rb", b"a\r\n b", b"a\nb"):
        client = RequestReader(cuts.LIMITS, heads)
        assert isinstance(client.feed(start + b"X-Request-ID: " + bad + b"\r\nA: b\r\n\r\n"), MalformedRequest), bad


@pytest.mark.parametrize("sent", [SIZED, CHUNKED], ids=["sized", "chunked"])
def test_what_comes_behind_a_request_is_dropped_and_the_connection_ends_with_its_answer(sent: bytes) -> None:
    for router in (b"G", SIZED, b"\x00", b"GET / HTTP/1.1\r\n\r\n"):
        for pieces in (
            [sent + router],
            [sent, router],
            [sent[:-3], sent[-3:] + router],
            [*sent[:-9], sent[-9:] + router],
        ):
            client = reader()
            whole = None
            for piece in pieces:
                found = client.feed(piece if isinstance(piece, bytes) else bytes([piece]))
                assert not isinstance(found, MalformedRequest)
                whole = found or whole
            assert whole is not None
            assert (whole.whole, whole.body) == (True, b'{"model":"m"}')
            assert (whole.keep_alive, client.surplus) == (False, True)


def test_a_head_that_was_seen_before_is_read_once_and_judged_always() -> None:
    heads = HeadCache()
    first = cuts.request([SIZED.replace(b"X-Request-Id: r-1\r\n", b"")], heads)
    again = cuts.request([SIZED.replace(b"X-Request-Id: r-1\r\n", b"").replace(b": 13", b": 13")], heads)
    assert first.head is again.head
    other = RequestReader(cuts.LIMITS, heads)
    for length in (b"", b"+13", b"13 13", b"1_3", b"\xb2"):
        lines = HEAD.replace(b"X-Request-Id: r-1\r\n", b"")
        assert isinstance(other.feed(lines + b"Content-Length: " + length + b"\r\n\r\n"), MalformedRequest), length


@pytest.mark.parametrize("name", [b"CONTENT-LENGTH: ", b"Content-Length:", b"content-Length: ", b"Content-Length:  "])
def test_a_length_that_is_written_strangely_is_read_each_time(name: bytes) -> None:
    heads = HeadCache()
    for body in (b"hello", b"hello", b"hi"):
        sent = b"POST / HTTP/1.1\r\nHost: a\r\n" + name + b"%d\r\n\r\n" % len(body) + body
        assert cuts.request([sent], heads).body == body


def test_a_head_without_a_length_is_remembered_too() -> None:
    head_cache = HeadCache()
    heads = [cuts.request([b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n"], head_cache).head for _ in range(2)]
    assert heads[0] is heads[1]


def test_what_is_too_large_to_be_remembered_is_read_each_time() -> None:
    heads = HeadCache()
    large = b"GET / HTTP/1.1\r\nHost: a\r\nX-Large: " + b"a" * 5000 + b"\r\n\r\n"
    assert cuts.request([large], heads).head.lines == b"X-Large: " + b"a" * 5000 + b"\r\n"
    assert not heads.requests.kept


def test_memory_is_bounded() -> None:
    heads = HeadCache()
    for number in range(4500):
        cuts.request([b"GET /%d HTTP/1.1\r\nHost: a\r\nx-%d: y\r\n\r\n" % (number, number)], heads)
        assert len(heads.requests.kept) <= 1024


@pytest.mark.parametrize(
    ("data", "limits", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nb: ccccccccccccccccccccc\r\n\r\n", RequestLimits(head_bytes=40), 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nb: c\r\n\r\n", RequestLimits(head_lines=1), 431),
        (b"GET /aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: a\r\n\r\n", RequestLimits(target_bytes=10), 414),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", RequestLimits(body_bytes=10), 413),
    ],
)
def test_each_limit_has_its_status(data: bytes, limits: RequestLimits, status: int) -> None:
    assert refused(data, limits).status == status


def test_limits_may_change_between_requests() -> None:
    client = reader(RequestLimits(body_bytes=1))
    client.limits = RequestLimits(body_bytes=20)
    assert isinstance(client.feed(SIZED), ClientRequest)


def test_a_refusal_of_the_body_names_the_request() -> None:
    late = refused(b"POST /v1/messages HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n")
    assert late.head is not None
    assert late.head.path == b"/v1/messages"


@given(body=st.binary(max_size=300), chunked=st.booleans(), places=cuts.places)
def test_every_body_is_read_exactly_as_it_was_sent(body: bytes, chunked: bool, places: list[int]) -> None:
    client = h11.Connection(h11.CLIENT)
    length = ("transfer-encoding", "chunked") if chunked else ("content-length", str(len(body)))
    sent = client.send(h11.Request(method="POST", target="/v1/x", headers=[("host", "a"), length])) or b""
    for piece in cuts.at(body, places):
        sent += client.send(h11.Data(data=piece)) or b""
    sent += client.send(h11.EndOfMessage()) or b""
    assert cuts.request(cuts.at(sent, places)).body == body


@given(data=st.binary(max_size=400), places=cuts.places)
def test_no_bytes_ever_raise_and_cuts_change_nothing(data: bytes, places: list[int]) -> None:
    for whole in (data, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + data, HEAD + data):
        outcomes = []
        for pieces in ([whole], cuts.at(whole, places)):
            client = reader()
            found: ClientRequest | MalformedRequest | None = None
            for piece in pieces:
                found = client.feed(piece) or found
                if isinstance(found, MalformedRequest):
                    break
            outcomes.append(
                (found.status, b"") if isinstance(found, MalformedRequest) else found and (found.whole, found.body)
            )
        assert outcomes[0] == outcomes[1]
