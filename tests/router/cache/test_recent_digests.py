"""Recently parsed bodies are not parsed again, and no other body is taken for one of them."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from fairlead.router.cache import recent_digests
from fairlead.router.cache.recent_digests import OVERHEAD, BodyDigestKey, RecentDigests
from tests.router.cache.clients import CHAT, answer, cache, enquiry, hit, led


def digests(room: int = 10_000) -> RecentDigests:
    made = RecentDigests()
    made.shrink(room)
    return made


def test_the_same_bytes_have_the_same_digest() -> None:
    held, key = digests(), recent_digests.digest_key("chat", "shop", b"", b"{}")
    held.keep(key, b"{}", b"digest")
    assert held.find(key, b"{}") == b"digest"
    assert held.find(recent_digests.digest_key("chat", "bank", b"", b"{}"), b"{}") is None
    assert held.find(recent_digests.digest_key("chat", "shop", b"9", b"{}"), b"{}") is None


def test_a_body_that_only_falls_on_the_same_place_is_another() -> None:
    held, key = digests(), BodyDigestKey("chat", "shop", b"", b"same place")
    held.keep(key, b"one", b"of one")
    assert held.find(key, b"other") is None
    held.keep(key, b"other", b"of the other")
    assert (held.find(key, b"one"), held.find(key, b"other")) == (None, b"of the other")
    assert held.bytes == len(b"other") + OVERHEAD


@given(st.lists(st.tuples(st.integers(0, 5), st.binary(max_size=300))), st.integers(0, 2000))
def test_it_never_holds_more_than_it_may(story: list[tuple[int, bytes]], room: int) -> None:
    held, latest = digests(room), dict[BodyDigestKey, bytes]()
    for number, body in story:
        key = BodyDigestKey("chat", "", b"", bytes([number]))
        held.keep(key, body, b"d")
        latest[key] = body
        assert held.bytes <= room
    assert held.bytes == sum(len(body) + OVERHEAD for key, body in latest.items() if held.find(key, body) is not None)


def test_the_least_recently_used_goes_first() -> None:
    held = digests(2 * (1 + OVERHEAD))
    places = [BodyDigestKey("chat", "", b"", bytes([number])) for number in range(3)]
    held.keep(places[0], b"a", b"0")
    held.keep(places[1], b"b", b"1")
    held.find(places[0], b"a")
    held.keep(places[2], b"c", b"2")
    assert [held.find(key, body) for key, body in zip(places, (b"a", b"b", b"c"), strict=True)] == [
        b"0",
        None,
        b"2",
    ]


def test_a_cache_without_room_for_bodies_still_answers() -> None:
    kept = cache(max_bytes=2000)
    body = {**CHAT, "user": "x" * 100_000}
    tracemalloc.start()
    answer(led(kept, enquiry(body)))
    assert hit(kept, enquiry(body)) is not None
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 100_000
