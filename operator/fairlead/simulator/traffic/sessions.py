"""Sessions: the next request comes some time after the last one was answered, and repeats what was said before.

Two kinds: recorded agents' sessions, and made-up ones. Within a session the loop is closed, so a slow fleet is asked
less often; sessions themselves start when they are told to.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Any, Final, NamedTuple

from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from fairlead.simulator.traffic.prefix_blocks import BlockConversion, expanded_runs

CLAUDE_BLOCK: Final = 64
_SCOPE_BITS: Final = 40
"""Ids of one session stay below two to this power."""
_SHARED_BITS: Final = 20
"""Of a shared block's place, and of each length that names the text it lies in."""


class SessionTurn(NamedTuple):
    """One request of a session."""

    prompt_tokens: int
    output_tokens: int
    think_s: float
    """Between the answer before and this request; of the first turn it is not used."""
    prefix: tuple[int, ...] = ()
    reply: tuple[int, ...] = ()


class TrafficSession:
    """Turns one after another; what an arrival of it calls when it was answered."""

    __slots__ = ("_name", "_turns")

    def __init__(self, name: str, turns: Iterable[SessionTurn]) -> None:
        self._name = name
        self._turns = iter(turns)

    def start(self, at: float) -> RequestArrival | None:
        """The first request."""
        turn = next(self._turns, None)
        return None if turn is None else self._arrival(turn, at)

    def after(self, ended: float) -> RequestArrival | None:
        """The next, once it was thought about."""
        turn = next(self._turns, None)
        return None if turn is None else self._arrival(turn, ended + turn.think_s)

    def _arrival(self, turn: SessionTurn, time: float) -> RequestArrival:
        return RequestArrival(
            time=time,
            prompt_tokens=turn.prompt_tokens,
            output_tokens=turn.output_tokens,
            prefix=turn.prefix,
            reply=turn.reply,
            session=self._name,
            afterwards=self,
        )


def claude_code(
    lines: Iterable[str], starts: Iterable[float], page_tokens: int, *, share_system: bool = False
) -> Iterator[RequestArrival]:
    """Recorded sessions, one JSON object a line, each begun at the next start; as many as both have.

    A sub-agent's requests are asked at its place, one after another. What the trace does not say is not assumed:
    the reply leaves nothing in the cache that the next prompt finds, since thinking is cut from it in between.
    """
    paging = BlockConversion(block_tokens=CLAUDE_BLOCK, page_tokens=page_tokens)
    for scope, line, at in zip(count(1), lines, starts, strict=False):
        try:
            one = json.loads(line)
            turns = _recorded_turns(one, paging, _BlockNames(scope, one, share_system=share_system))
            first = TrafficSession(str(one["id"]), turns).start(at)
        except (KeyError, ValueError, TypeError) as problem:
            raise UnreadableTraffic(
                f"session {scope}: {problem!r}; expected id, requests with in, out, hash_runs, think_time"
            ) from problem
        if first is not None:
            yield first


class _BlockNames:
    """A session's block ids among those of all sessions.

    With sharing, sessions whose tools and system prompt have the same lengths are taken to have the same text there,
    as one deployment would; blocks are shared only while the session itself says that they are its first ones.
    """

    def __init__(self, scope: int, session: Mapping[str, Any], *, share_system: bool) -> None:
        self._start = scope << _SCOPE_BITS
        self._tools, self._system = int(session["tool_tokens"]), int(session["system_tokens"])
        both = (self._tools + self._system) // CLAUDE_BLOCK if share_system else 0
        first: Mapping[str, Any] = next(iter(session["requests"]), {})
        self._shared = expanded_runs(first["hash_runs"])[:both] if "hash_runs" in first else []

    def blocks(self, runs: Iterable[Iterable[int]]) -> list[int]:
        own = expanded_runs([tuple(run) for run in runs])
        pairs = zip(own, self._shared, strict=False)
        common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        return [self._common(place) for place in range(common)] + [self._start + block for block in own[common:]]

    def _common(self, place: int) -> int:
        """Below zero, where no session's own ids are; tools stand before the system prompt."""
        system = 0 if place < self._tools // CLAUDE_BLOCK else self._system
        return -1 - (((self._tools << _SHARED_BITS | system) << _SHARED_BITS) | place)


def _recorded_turns(session: Mapping[str, Any], paging: BlockConversion, naming: _BlockNames) -> Iterator[SessionTurn]:
    for request in session["requests"]:
        if request["type"] == "subagent":
            yield from _recorded_turns(request, paging, naming)
            continue
        prompt = max(int(request["in"]), 1)
        prefix = paging.pages(naming.blocks(request["hash_runs"]), prompt)
        yield SessionTurn(prompt, max(int(request["out"]), 1), float(request.get("think_time") or 0.0), prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTraffic:
    """Made-up sessions: a prompt shared by all, and turns that each add a result and repeat the whole talk."""

    system_tokens: int
    """Tools and instructions, the same text for every session."""
    turns: Callable[[], int]
    result: Callable[[], tuple[int, int]]
    """Tokens added to the prompt before a turn, and tokens of its reply."""
    think_s: Callable[[], float]
    page_tokens: int
    context_tokens: int
    """A session ends before its talk would not fit."""


def agentic(agents: AgentTraffic, starts: Iterable[float]) -> Iterator[RequestArrival]:
    """One session a start; replies stay in the talk word for word, so the next turn finds them in the cache."""
    for scope, at in enumerate(starts, start=1):
        first = TrafficSession(f"agent-{scope}", _made_up_turns(agents, scope)).start(at)
        if first is not None:
            yield first


def _made_up_turns(agents: AgentTraffic, scope: int) -> Iterator[SessionTurn]:
    said, page = agents.system_tokens, agents.page_tokens
    shared = agents.system_tokens // page
    chain = [-1 - place for place in range(shared)]
    for _ in range(agents.turns()):
        added, reply = agents.result()
        prompt, whole = said + added, said + added + reply
        if whole > agents.context_tokens:
            return
        chain += [(scope << _SCOPE_BITS) + place for place in range(len(chain), whole // page)]
        full = prompt // page
        yield SessionTurn(prompt, reply, agents.think_s(), tuple(chain[:full]), tuple(chain[full : whole // page]))
        said = whole
