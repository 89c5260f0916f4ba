"""What becomes of a request: answered at once, leading, following, or bypassing."""

import json

import pytest

from fairlead.router.cache import replay
from fairlead.router.cache.answer_heads import AnswerHead
from fairlead.router.cache.cache import CacheBypass, FlightLead, ResponseCache
from fairlead.router.cache.reasons import CacheBypassReason, NotStoredReason
from tests.router.cache.clients import (
    ANSWER,
    CHAT,
    HEAD,
    STREAM,
    STREAMED,
    Client,
    Ends,
    answer,
    cache,
    enquiry,
    find_reply,
    followed,
    hit,
    led,
    settings,
)


def filled(kept: ResponseCache | None = None) -> ResponseCache:
    kept = kept or cache()
    answer(led(kept))
    return kept


def test_the_same_question_gets_the_same_bytes_and_its_age() -> None:
    found = hit(filled(), now=107.9)
    assert found is not None
    assert (found.entry.body, found.age) == (ANSWER, 7)
    assert replay.hit(found.entry, found.age).endswith(ANSWER)


def test_a_stream_is_given_to_streams_alone_with_all_its_events() -> None:
    kept = cache()
    lookup = enquiry({**CHAT, "stream": True})
    answer(led(kept, lookup), b"".join(STREAM), STREAMED)
    found = hit(kept, lookup)
    assert found is not None
    assert found.entry.body == b"".join(STREAM)
    assert hit(kept) is None


@pytest.mark.parametrize(
    "other",
    [
        Ends(tenant="bank"),
        Ends(revisions=("r2",)),
        Ends(revisions=()),
        Ends(surface="completions"),
        Ends(extra=b"max_tokens=9"),
    ],
)
def test_never_across_tenants_revisions_surfaces_and_limits(other: Ends) -> None:
    assert hit(filled(), enquiry(**other)) is None


@pytest.mark.parametrize("queue", [("batch", 0), ("interactive", 1)])
def test_none_follows_a_request_of_another_lane_or_band(queue: tuple[str, int]) -> None:
    kept = cache()
    waiting = led(kept, enquiry(queue=queue))
    flight = led(kept, enquiry(queue=("interactive", 0)))
    same = followed(kept, Client(), enquiry(queue=("interactive", 0)))
    answer(flight)
    assert same.body == ANSWER
    assert hit(kept, enquiry(queue=queue)) is not None
    answer(waiting)
    assert (kept.flights, kept.entries) == (0, 1)


def test_an_answer_with_an_objection_is_for_its_followers_and_is_not_kept() -> None:
    kept = cache()
    flight, other = led(kept), followed(kept, Client())
    flight.began(HEAD)
    flight.more(ANSWER)
    flight.completed(100.0, NotStoredReason.INVALID)
    assert (other.body, other.received[-1], kept.entries) == (ANSWER, "end", 0)
    assert kept.counts.refused[NotStoredReason.INVALID] == 1


def test_shared_by_all_tenants_only_where_it_is_configured() -> None:
    assert hit(filled(cache(by_tenant=False)), enquiry(tenant="bank")) is not None


def test_an_answer_belongs_to_the_revision_that_gave_it() -> None:
    kept = cache()
    flight = led(kept, enquiry(revisions=("r1", "r2")))
    answer(flight, head=AnswerHead(status=200, lines=HEAD.lines, length=None, revision="r2"))
    assert hit(kept, enquiry(revisions=("r1",))) is None
    assert hit(kept, enquiry(revisions=("r2", "r3"))) is not None


def test_it_is_kept_for_its_time_and_no_longer() -> None:
    kept = filled(cache(ttl_seconds=60.0))
    assert hit(kept, now=159.0) is not None
    assert hit(kept, now=160.0) is None
    assert kept.counts.expired == 1


def test_a_request_may_shorten_the_time_and_not_lengthen_it() -> None:
    kept = cache(ttl_seconds=60.0)
    answer(led(kept, enquiry(ttl=b"5")))
    assert hit(kept, now=106.0) is None
    answer(led(kept, enquiry({**CHAT, "n": 1}, ttl=b"999")))
    assert hit(kept, enquiry({**CHAT, "n": 1}), now=161.0) is None


def test_a_shorter_time_holds_for_what_is_kept_already() -> None:
    kept = filled(cache(ttl_seconds=60.0))
    kept.apply(settings(ttl_seconds=20.0))
    assert hit(kept, now=119.0) is not None
    assert hit(kept, now=121.0) is None


def test_no_time_at_all_means_not_kept() -> None:
    kept = cache()
    answer(led(kept, enquiry(ttl=b"0")))
    assert (kept.entries, kept.counts.refused[NotStoredReason.UNWANTED]) == (0, 1)


def test_an_answer_too_old_for_the_clients_max_age_is_a_miss() -> None:
    kept = filled()
    assert hit(kept, enquiry(cache_control=b"max-age=10"), now=109.0) is not None
    assert hit(kept, enquiry(cache_control=b"max-age=10"), now=111.0) is None


@pytest.mark.parametrize("fresh", [Ends(cache_control=b"no-cache"), Ends(word=b"refresh")])
def test_a_refresh_sends_a_new_request_whose_answer_replaces_the_stored_one(fresh: Ends) -> None:
    kept = filled()
    other = ANSWER.replace(b"So", b"No")
    answer(led(kept, enquiry(**fresh)), other)
    found = hit(kept)
    assert found is not None
    assert (found.entry.body, kept.entries) == (other, 1)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Ends(cache_control=b"no-store"), CacheBypassReason.NO_STORE),
        (Ends(word=b"off"), CacheBypassReason.OFF),
        (Ends(surface="tokenize"), CacheBypassReason.SURFACE),
        (Ends(temperature=0.5), CacheBypassReason.SAMPLED),
        (Ends(temperature=None), CacheBypassReason.SAMPLED),
    ],
)
def test_requests_that_bypass_the_cache_are_answered_with_the_reason(reply: Ends, reason: CacheBypassReason) -> None:
    kept = filled()
    found = find_reply(kept, enquiry(**reply))
    assert isinstance(found, CacheBypass)
    assert (found.reason, found.line) == (reason, f"x-fairlead-cache: pass; reason={reason}\r\n".encode())
    assert kept.counts.passed[reason] == 1


def test_bodies_that_are_odd_long_or_doubtful_pass_by() -> None:
    kept = cache()
    odd = enquiry()
    odd = type(odd)(surface="chat", body=b"{", tenant="", revisions=(), temperature=0)
    long = type(odd)(surface="chat", body=b" " * 600_000, tenant="", revisions=(), temperature=0)
    several = enquiry({**CHAT, "n": 2})
    reasons = [
        one.reason
        for one in (find_reply(kept, odd), find_reply(kept, long), find_reply(kept, several))
        if isinstance(one, CacheBypass)
    ]
    assert reasons == [CacheBypassReason.UNREADABLE, CacheBypassReason.TOO_LARGE, CacheBypassReason.SEVERAL]


def test_embeddings_are_never_sampled() -> None:
    kept = cache()
    lookup = enquiry({"model": "m", "input": "x"}, surface="embeddings")
    body = json.dumps({"object": "list", "data": [{"embedding": [0.5]}]}).encode()
    answer(led(kept, lookup), body)
    assert hit(kept, lookup) is not None


def test_where_it_is_off_only_those_who_ask_for_it_use_it() -> None:
    kept = cache(enabled=False)
    assert not kept.enabled
    assert isinstance(find_reply(kept), CacheBypass)
    answer(led(kept, enquiry(word=b"on")))
    assert isinstance(find_reply(kept), CacheBypass)
    assert hit(kept, enquiry(word=b"on")) is not None


def test_a_cache_without_room_is_never_used() -> None:
    kept = cache(max_bytes=0)
    assert not kept.enabled
    assert isinstance(find_reply(kept, enquiry(word=b"on")), CacheBypass)


def test_half_an_answer_is_never_kept() -> None:
    kept = cache()
    answer(led(kept), b'{"choices":[{"finish_reason":"abort"}]}')
    assert (kept.entries, kept.counts.refused[NotStoredReason.INCOMPLETE]) == (0, 1)
    assert isinstance(find_reply(kept), FlightLead)


def test_one_larger_than_an_entry_may_be_is_not_kept() -> None:
    kept = cache(max_entry_bytes=len(ANSWER) - 1)
    answer(led(kept))
    assert (kept.entries, kept.counts.refused[NotStoredReason.TOO_LARGE]) == (0, 1)


def test_new_bounds_hold_at_once_and_what_fits_stays() -> None:
    kept = filled()
    kept.apply(settings())
    assert hit(kept) is not None
    kept.apply(settings(max_bytes=10))
    assert (kept.entries, kept.bytes, kept.counts.evicted) == (0, 0, 1)


def test_a_revision_that_names_itself_not_can_be_forgotten() -> None:
    kept = cache()
    nameless = enquiry(revisions=("",))
    answer(led(kept, nameless), head=AnswerHead(status=200, lines=HEAD.lines, length=None, revision=""))
    assert hit(kept, nameless) is not None
    kept.forget("")
    assert hit(kept, nameless) is None


def test_what_is_over_is_swept_out() -> None:
    kept = filled(cache(ttl_seconds=1.0))
    kept.sweep(102.0)
    assert (kept.entries, kept.bytes) == (0, 0)


def test_every_lookup_is_counted_once() -> None:
    kept = filled()
    find_reply(kept)
    find_reply(kept, enquiry(cache_control=b"no-store"))
    led(kept, enquiry({**CHAT, "seed": 1}))
    find_reply(kept, enquiry({**CHAT, "seed": 1}))
    counts = kept.counts
    assert (counts.hits, counts.misses, counts.joined, sum(counts.passed.values())) == (1, 2, 1, 1)
