import json

import pytest

from bench import sessions
from bench.sessions import AgentTraffic
from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from tests.simulator.virtual_fleet.excerpts import lines

EXCERPT = lines("claude-code-excerpt.jsonl")


def lived(first: RequestArrival, answer_s: float) -> list[RequestArrival]:
    """A whole session with this time for each answer."""
    out, one = [], first
    while True:
        out.append(one)
        assert one.afterwards is not None
        following = one.afterwards.after(one.time + answer_s)
        if following is None:
            return out
        one = following


def test_recorded_sessions_begin_at_the_given_times() -> None:
    firsts = list(sessions.claude_code(EXCERPT, [5.0, 9.0], page_tokens=16))

    assert [(one.time, one.session) for one in firsts] == [
        (5.0, json.loads(EXCERPT[0])["id"]),
        (9.0, json.loads(EXCERPT[1])["id"]),
    ]


def test_the_next_request_comes_after_the_answer_and_the_time_to_think() -> None:
    first = next(sessions.claude_code(EXCERPT, [0.0], page_tokens=16))
    thought = [request.get("think_time", 0.0) for request in json.loads(EXCERPT[0])["requests"]]

    times = [one.time for one in lived(first, answer_s=4.0)]

    assert times == [pytest.approx(4.0 * place + sum(thought[1 : place + 1])) for place in range(len(thought))]


def test_prompts_keep_their_tokens_and_their_pages() -> None:
    first = next(sessions.claude_code(EXCERPT, [0.0], page_tokens=16))
    recorded = json.loads(EXCERPT[0])["requests"]

    assert [(one.prompt_tokens, one.output_tokens) for one in lived(first, 1.0)] == [
        (request["in"], request["out"]) for request in recorded
    ]
    assert [len(one.prefix) for one in lived(next(sessions.claude_code(EXCERPT, [0.0], 16)), 1.0)] == [
        request["in"] // 64 * 4 for request in recorded
    ]


def test_sessions_share_nothing_unless_configured_to() -> None:
    one, other = list(sessions.claude_code(EXCERPT, [0.0, 0.0], page_tokens=64))[:2]

    assert not set(one.prefix) & set(other.prefix)


def test_with_share_system_sessions_share_tools_and_system_prompt_of_equal_length() -> None:
    one, other, third = sessions.claude_code(EXCERPT, [0.0, 0.0, 0.0], page_tokens=64, share_system=True)
    entries = [json.loads(line) for line in EXCERPT]
    shared = (entries[0]["tool_tokens"] + entries[0]["system_tokens"]) // 64

    assert (entries[0]["tool_tokens"], entries[0]["system_tokens"]) == (
        entries[1]["tool_tokens"],
        entries[1]["system_tokens"],
    )
    assert one.prefix[:shared] == other.prefix[:shared]
    assert not set(one.prefix[shared:]) & set(other.prefix[shared:])
    assert not set(one.prefix) & set(third.prefix)


def test_equal_tools_are_shared_even_where_system_prompts_differ() -> None:
    def session(system: int) -> str:
        request = {"type": "n", "in": 320, "out": 1, "hash_runs": [[0, 5]]}
        return json.dumps({"id": "x", "tool_tokens": 128, "system_tokens": system, "requests": [request]})

    one, other = sessions.claude_code([session(64), session(128)], [0.0, 0.0], page_tokens=64, share_system=True)

    assert one.prefix[:2] == other.prefix[:2]
    assert not set(one.prefix[2:]) & set(other.prefix[2:])


def test_a_session_without_requests_takes_its_start_time_and_never_sends_one() -> None:
    empty = json.dumps({"id": "x", "tool_tokens": 0, "system_tokens": 0, "requests": []})

    assert [one.time for one in sessions.claude_code([empty, EXCERPT[0]], [1.0, 2.0], page_tokens=64)] == [2.0]


def test_a_sub_agent_sends_its_requests_at_its_place_in_the_session() -> None:
    def request(prompt: int) -> dict[str, object]:
        return {"type": "n", "in": prompt, "out": 1, "think_time": 2.0, "hash_runs": [[0, prompt // 64]]}

    nested = {"type": "subagent", "requests": [request(200), request(300)]}
    document = {"id": "x", "tool_tokens": 0, "system_tokens": 0, "requests": [request(100), nested, request(400)]}
    (first,) = sessions.claude_code([json.dumps(document)], [0.0], page_tokens=64)

    assert [one.prompt_tokens for one in lived(first, 1.0)] == [100, 200, 300, 400]


def test_a_session_that_is_none_is_named() -> None:
    with pytest.raises(UnreadableTraffic, match=r"line 1: .*expected id, requests"):
        list(sessions.claude_code(["{}"], [0.0], page_tokens=16))


def test_agents_share_their_system_prompt_and_repeat_their_own_talk() -> None:
    agents = AgentTraffic(
        system_tokens=64,
        turns=lambda: 3,
        result=lambda: (32, 16),
        think_s=lambda: 5.0,
        page_tokens=16,
        context_tokens=1000,
    )
    one, other = sessions.agentic(agents, [0.0, 1.0])
    first, second, third = lived(one, 1.0)

    assert [turn.prompt_tokens for turn in (first, second, third)] == [96, 144, 192]
    assert [turn.time for turn in (first, second, third)] == [0.0, 6.0, 12.0]
    assert first.prefix[:4] == other.prefix[:4]
    assert not set(first.prefix[4:]) & set(other.prefix[4:])
    assert second.prefix[:7] == first.prefix + first.reply
    assert len(third.prefix) == third.prompt_tokens // 16


def narrow(system_tokens: int) -> AgentTraffic:
    """Agents whose context holds 95 tokens."""
    return AgentTraffic(
        system_tokens=system_tokens,
        turns=lambda: 9,
        result=lambda: (30, 10),
        think_s=lambda: 0.0,
        page_tokens=16,
        context_tokens=95,
    )


def test_an_agent_stops_before_its_talk_would_not_fit() -> None:
    (first,) = sessions.agentic(narrow(system_tokens=10), [0.0])

    assert len(lived(first, 1.0)) == 2


def test_an_agent_that_fits_not_even_once_never_begins() -> None:
    assert list(sessions.agentic(narrow(system_tokens=90), [0.0])) == []
