"""Concurrent identical requests: one upstream request, the same bytes for all, whichever leaves or fails."""

import pytest

from fairlead.router.cache.answer_heads import AnswerHead
from fairlead.router.cache.cache import FlightLead
from fairlead.router.cache.flights import MAX_LEADERS
from fairlead.router.cache.reasons import NotStoredReason
from tests.router.cache.clients import (
    ANSWER,
    EVENTS,
    HEAD,
    STREAM,
    STREAMED,
    Client,
    answer,
    cache,
    enquiry,
    find_reply,
    followed,
    hit,
    led,
)


def refused(status: int) -> AnswerHead:
    return AnswerHead(status=status, lines=b"content-type: application/json\r\n", length=2, revision="r1")


def test_a_thousand_that_ask_the_same_are_one_upstream_and_get_the_same_bytes() -> None:
    kept = cache()
    flight = led(kept)
    others = [followed(kept, Client()) for _ in range(999)]
    flight.began(STREAMED)
    for event in STREAM:
        flight.more(event)
    flight.completed(100.0)
    assert {one.body for one in others} == {b"".join(STREAM)}
    assert {tuple(one.received) for one in others} == {("head", *["body"] * len(STREAM), "end")}
    assert (kept.counts.misses, kept.counts.joined, kept.counts.stored, kept.flights) == (1, 999, 1, 0)


def test_who_joins_late_gets_what_came_already_at_once() -> None:
    kept = cache()
    flight = led(kept)
    flight.began(STREAMED)
    flight.more(STREAM[0])
    flight.more(STREAM[1])
    late = followed(kept, Client())
    assert (late.received, late.body) == (["head", "body"], STREAM[0] + STREAM[1])


def test_a_leader_is_notified_once_that_it_is_followed() -> None:
    kept, leader = cache(), Client()
    flight = led(kept, client=leader)
    assert not flight.followed
    followed(kept, Client())
    followed(kept, Client())
    assert (leader.received, flight.followed) == (["followed"], True)


def test_a_slow_reader_reads_at_its_own_pace_and_delays_no_other() -> None:
    kept = cache()
    flight = led(kept)
    slow, quick = followed(kept, Client(pauses_at="body")), followed(kept, Client())
    flight.began(STREAMED)
    for event in STREAM:
        flight.more(event)
    flight.completed(100.0)
    assert slow.body == STREAM[0]
    assert quick.received[-1] == "end"
    slow.pauses_at = ""
    assert slow.follower is not None
    slow.follower.resume()
    assert (slow.body, slow.received[-2:]) == (b"".join(STREAM), ["body", "end"])


def test_a_leaders_answer_goes_on_for_those_who_follow() -> None:
    kept = cache()
    flight = led(kept)
    other = followed(kept, Client())
    assert flight.left()
    answer(flight)
    assert (other.body, other.received) == (ANSWER, ["head", "body", "end"])
    assert hit(kept) is not None


def test_a_leader_without_followers_ends_the_flight_when_it_leaves() -> None:
    kept = cache()
    assert not led(kept).left()
    assert kept.flights == 0
    assert kept.counts.refused[NotStoredReason.CUT] == 1
    assert isinstance(find_reply(kept), FlightLead)


def test_the_last_follower_of_a_leader_that_left_ends_the_flight() -> None:
    kept, leader = cache(), Client()
    flight = led(kept, client=leader)
    one, two = followed(kept, Client()), followed(kept, Client())
    assert flight.left()
    for client in (one, two):
        assert client.follower is not None
        client.follower.leave()
        client.follower.leave()
    assert leader.received == ["followed", "deserted"]
    assert kept.flights == 0


def test_a_leader_whose_last_follower_left_waits_for_its_own_client_again() -> None:
    kept, leader = cache(), Client()
    led(kept, client=leader)
    followed(kept, Client()).follower.leave()  # type: ignore[union-attr]
    followed(kept, Client())
    assert leader.received == ["followed", "unfollowed", "followed"]


def test_a_follower_that_leaves_costs_nothing() -> None:
    kept = cache()
    flight = led(kept)
    gone = followed(kept, Client(leaves_at="head"))
    answer(flight)
    assert (gone.received, gone.body) == (["head"], b"")
    assert hit(kept) is not None


def test_when_the_leader_fails_the_next_one_leads_for_the_rest() -> None:
    kept = cache()
    flight = led(kept)
    one, two = followed(kept, Client()), followed(kept, Client())
    flight.failed()
    assert (one.received, two.received, kept.flights) == (["lead"], [], 1)
    assert one.flight is not None
    newcomer = followed(kept, Client())
    answer(one.flight)
    assert (two.body, newcomer.body) == (ANSWER, ANSWER)
    assert kept.counts.promoted == 1


def test_after_three_failed_leaders_each_follower_sends_its_own_request() -> None:
    kept = cache()
    flight = led(kept)
    others = [followed(kept, Client()) for _ in range(5)]
    flight.failed()
    for leader in others[: MAX_LEADERS - 1]:
        assert leader.flight is not None
        leader.flight.failed()
    assert [one.received for one in others] == [["lead"], ["lead"], ["alone"], ["alone"], ["alone"]]
    assert (kept.counts.promoted, kept.counts.scattered, kept.flights) == (2, 3, 0)


def test_a_follower_that_left_is_not_made_leader() -> None:
    kept = cache()
    flight = led(kept)
    gone, there = followed(kept, Client()), followed(kept, Client())
    assert gone.follower is not None
    gone.follower.leave()
    flight.failed()
    assert (gone.received, there.received) == ([], ["lead"])


@pytest.mark.parametrize("status", [500, 503, 429, 401])
def test_a_refusal_of_the_leader_alone_is_his_alone(status: int) -> None:
    kept = cache()
    flight = led(kept)
    other = followed(kept, Client())
    flight.began(refused(status))
    flight.more(b"{}")
    flight.completed(100.0)
    assert other.received == ["lead"]
    assert kept.counts.refused[NotStoredReason.STATUS] == 1


def test_a_refusal_of_the_request_itself_is_everybodys_and_is_not_kept() -> None:
    kept = cache()
    flight = led(kept)
    other = followed(kept, Client())
    answer(flight, b"{}", refused(400))
    assert other.head is not None
    assert (other.head.status, other.body) == (400, b"{}")
    assert hit(kept) is None


def test_a_compressed_answer_is_its_own_clients_alone() -> None:
    kept = cache()
    flight = led(kept)
    other = followed(kept, Client())
    flight.began(AnswerHead(status=200, lines=EVENTS + b"Content-Encoding: gzip\r\n", length=None, revision="r1"))
    assert other.received == ["lead"]
    assert not flight.left()


def test_after_the_head_all_share_its_fate() -> None:
    kept = cache()
    flight = led(kept)
    other = followed(kept, Client())
    flight.began(STREAMED)
    flight.more(STREAM[0])
    flight.failed()
    assert other.received == ["head", "body", "cut"]
    assert hit(kept) is None


def test_ending_twice_is_a_bug_and_says_so() -> None:
    flight = led(cache())
    flight.failed()
    with pytest.raises(AssertionError, match="ended before"):
        flight.completed(100.0)


def test_an_answer_beyond_the_largest_entry_takes_no_newcomers_and_is_forgotten_as_it_is_read() -> None:
    kept = cache(max_entry_bytes=100)
    flight = led(kept)
    early = followed(kept, Client())
    flight.began(STREAMED)
    flight.more(b"x" * 60)
    flight.more(b"y" * 60)
    assert flight.body == b""
    assert isinstance(find_reply(kept), FlightLead)
    flight.more(b"z")
    flight.completed(100.0)
    assert (early.body, early.received[-1]) == (b"x" * 60 + b"y" * 60 + b"z", "end")
    assert kept.counts.refused[NotStoredReason.TOO_LARGE] == 1
    assert kept.flying_bytes == 0


def test_a_slow_reader_of_a_large_answer_loses_nothing() -> None:
    kept = cache(max_entry_bytes=10)
    flight = led(kept)
    slow = followed(kept, Client(pauses_at="body"))
    flight.began(STREAMED)
    for letter in (b"a" * 8, b"b" * 8, b"c" * 8):
        flight.more(letter)
    assert flight.body == b"b" * 8 + b"c" * 8
    flight.completed(100.0)
    slow.pauses_at = ""
    assert slow.follower is not None
    slow.follower.resume()
    assert slow.body == b"a" * 8 + b"b" * 8 + b"c" * 8


def test_all_that_is_collected_at_once_stays_within_the_stores_bound() -> None:
    kept = cache(max_bytes=100, max_entry_bytes=100)
    first, second = led(kept), led(kept, enquiry({"temperature": 0}))
    for flight in (first, second):
        flight.began(STREAMED)
        flight.more(b"x" * 60)
    assert kept.counts.refused[NotStoredReason.CROWDED] == 1
    assert kept.flying_bytes == 60
    second.more(b"y")
    second.completed(100.0)
    first.failed()
    assert kept.flying_bytes == 0


def test_a_refreshing_request_follows_no_flight_and_new_requests_follow_it() -> None:
    kept = cache()
    old = led(kept)
    fresh = led(kept, enquiry(cache_control=b"no-cache"))
    newcomer = followed(kept, Client())
    answer(fresh, ANSWER.replace(b"So", b"No"))
    answer(old)
    assert newcomer.body == ANSWER.replace(b"So", b"No")
    assert HEAD.length == len(newcomer.body)


@pytest.mark.parametrize(
    "other",
    [
        enquiry(tenant="bank"),
        enquiry(revisions=("r2",)),
        enquiry(revisions=("r1", "r2")),
        enquiry(surface="completions"),
        enquiry(extra=b"max_tokens=9"),
    ],
)
def test_no_request_joins_a_flight_across_tenants_revisions_surfaces_or_limits(other: object) -> None:
    kept = cache()
    led(kept)
    assert isinstance(find_reply(kept, other), FlightLead)  # type: ignore[arg-type]


def test_a_leader_that_continues_alone_may_end_either_way_but_only_once() -> None:
    flight = led(cache())
    flight.began(refused(503))
    flight.failed()
    with pytest.raises(AssertionError, match="ended before"):
        flight.failed()


def test_who_leaves_while_others_are_sent_off_is_not_sent_off_too() -> None:
    kept = cache()
    flight = led(kept)
    clients = [followed(kept, Client()) for _ in range(4)]
    flight.failed()
    clients[0].flight.failed()  # type: ignore[union-attr]
    last = clients[3].follower
    assert last is not None
    clients[2].flight_alone = last.leave  # type: ignore[method-assign]
    clients[1].flight.failed()  # type: ignore[union-attr]
    assert clients[3].received == []
