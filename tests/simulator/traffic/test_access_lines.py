"""The routers' access lines as traffic: in order of arrival, without requests that were not counted."""

import json

import pytest

from fairlead.simulator.traffic import access_lines
from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic


def line(second: str, **fields: object) -> str:
    usual = {"time": f"2026-11-20T18:15:{second}Z", "request_id": "a", "status": 200}
    return json.dumps(usual | fields)


def test_lines_come_in_order_of_their_ends_and_are_played_in_order_of_arrival() -> None:
    found = access_lines.read(
        [
            line("10.500", prompt_tokens=7, output_tokens=3, tenant="a"),
            line("09.250", prompt_tokens=900, output_tokens=800),
            "",
            line("11.000", prompt_tokens=0, output_tokens=0, tenant=4),
        ]
    )
    assert found.left_out == 0
    assert found.arrivals == (
        RequestArrival(time=0.0, prompt_tokens=900, output_tokens=800),
        RequestArrival(time=1.25, prompt_tokens=7, output_tokens=3, client="a"),
        RequestArrival(time=1.75, prompt_tokens=1, output_tokens=1),
    )


def test_requests_without_counted_tokens_are_left_out_and_counted() -> None:
    refused = line("10.500", status=429)
    half = line("10.700", prompt_tokens=7)
    found = access_lines.read([refused, half, line("11.000", prompt_tokens=7, output_tokens=3)])
    assert (len(found.arrivals), found.left_out) == (1, 2)


def test_a_stream_without_usage_has_the_routers_estimate_and_as_many_tokens_as_its_pace_says() -> None:
    stream = {"prompt_tokens_estimated": 30, "ttft_ms": 67.489, "tpot_ms": 63.017, "e2e_ms": 2525.161}
    single = {"prompt_tokens_estimated": 30, "ttft_ms": 67.489, "e2e_ms": 67.6}
    left = line("10.700", **stream | {"status": 499})
    found = access_lines.read([line("10.500", **stream), line("10.600", **single), left])
    assert [(one.prompt_tokens, one.output_tokens) for one in found.arrivals] == [(30, 40), (30, 1)]
    assert (found.estimated, found.left_out) == (2, 1)


def test_a_stream_that_came_in_one_read_has_no_pace_and_is_left_out() -> None:
    """Its time per token rounds to 0, or to so little that the reply would be longer than any context."""
    stream = {"prompt_tokens_estimated": 30, "ttft_ms": 67.489, "e2e_ms": 67.5}
    lines = [line("10.500", **stream, tpot_ms=0.0), line("10.600", **stream | {"e2e_ms": 9e9}, tpot_ms=0.001)]
    found = access_lines.read([*lines, line("10.700", **stream | {"e2e_ms": 167.489}, tpot_ms=10.0)])
    assert [one.output_tokens for one in found.arrivals] == [11]
    assert (found.estimated, found.left_out) == (1, 2)


def test_requests_that_the_response_cache_answered_reached_no_engine() -> None:
    """A follower of an equal stream has a first token and an estimated prompt, as if an engine had worked for it."""
    joined = line("10.500", cache="joined", ttft_ms=300, prompt_tokens_estimated=2000)
    hit = line("10.600", cache="hit", prompt_tokens=2000, output_tokens=100)
    missed = line("10.700", cache="miss", prompt_tokens=7, output_tokens=3)
    found = access_lines.read([joined, hit, missed])
    assert [one.prompt_tokens for one in found.arrivals] == [7]
    assert (found.cached, found.left_out, found.estimated) == (2, 0, 0)


def test_of_a_gateways_lines_those_of_one_deployment_are_taken_and_the_others_counted() -> None:
    lines = [
        line("10.500", target="team/chat", prompt_tokens=7, output_tokens=3),
        line("10.600", target="team/big", prompt_tokens=8, output_tokens=3),
        line("10.700", prompt_tokens=9, output_tokens=3),
    ]
    found = access_lines.read(lines, "team/chat")
    assert [one.prompt_tokens for one in found.arrivals] == [7, 9]
    assert (found.others, found.targets) == (1, frozenset({"team/chat"}))
    every = access_lines.read(lines)
    assert (len(every.arrivals), every.others, every.targets) == (3, 0, frozenset({"team/big", "team/chat"}))


def test_copies_are_counted_and_are_the_traffic_of_the_shadow_that_got_them() -> None:
    original = line("10.500", copy="original", target="team/chat", prompt_tokens=7, output_tokens=3)
    copy = line("10.501", copy="copy", target="team/next", prompt_tokens=7, output_tokens=5)
    chat, shadow, every = (access_lines.read([original, copy], target) for target in ("team/chat", "team/next", None))
    assert [one.output_tokens for one in chat.arrivals] == [one.output_tokens for one in every.arrivals] == [3]
    assert (chat.copies, chat.others, chat.left_out) == (1, 0, 0)
    assert every.copies == 1
    assert [one.output_tokens for one in shadow.arrivals] == [5], "its engines worked for it"
    assert (shadow.copies, shadow.others) == (0, 1)


@pytest.mark.parametrize(
    ("bad", "because"),
    [
        ("{", "line 2: it is not JSON"),
        ("[]", "line 2: [] is not a JSON object"),
        (line("61"), "line 2: time is not one such as 2026-11-20T18:15:46.680Z"),
        (json.dumps({"time": 5}), "line 2: time is 5, and must be text"),
        (line("10", prompt_tokens=-1, output_tokens=2), "line 2: prompt_tokens is -1"),
    ],
)
def test_a_line_that_is_none_is_named(bad: str, because: str) -> None:
    with pytest.raises(UnreadableTraffic) as problem:
        access_lines.read([line("10"), bad])
    assert str(problem.value).startswith(because)
    assert str(problem.value).endswith("expected the routers' access lines")
