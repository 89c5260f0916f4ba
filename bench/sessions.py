"""Sessions: each request comes some time after the reply to the previous one, and repeats the conversation so far.

Sessions are recorded from agents, or generated. Within a session the loop is closed, so a slow fleet gets fewer
requests; sessions themselves start at given times.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Final, NamedTuple

from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from fairlead.simulator.traffic.prefix_blocks import BlockConversion, expanded_runs
from fairlead.sizing import measured_rows
from fairlead.sizing.measured_rows import BadMeasurement, MeasuredFields
from fairlead.sizing.recorded_requests import block_runs

CLAUDE_BLOCK: Final = 64
_SCOPE_BITS: Final = 40
"""The ids of one session stay below two to this power."""
_SHARED_BITS: Final = 20
"""Bits of a shared block's position, and of each length that identifies the shared text."""


class SessionTurn(NamedTuple):
    """One request of a session."""

    prompt_tokens: int
    output_tokens: int
    think_s: float
    """Seconds between the previous reply and this request; unused for the first turn."""
    prefix: tuple[int, ...] = ()
    reply: tuple[int, ...] = ()


class TrafficSession:
    """The turns of one session in order; `after` is called when a request has its reply."""

    __slots__ = ("_name", "_turns")

    def __init__(self, name: str, turns: Iterable[SessionTurn]) -> None:
        self._name = name
        self._turns = iter(turns)

    def start(self, at: float) -> RequestArrival | None:
        """Return the first request."""
        turn = next(self._turns, None)
        return None if turn is None else self._arrival(turn, at)

    def after(self, ended: float) -> RequestArrival | None:
        """Return the next request, after its think time."""
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
    """Yield recorded sessions, one JSON object a line, each at the next start time; as many as lines and starts.

    A sub-agent's requests are sent at its position, one after another. Nothing beyond the trace is assumed: a reply
    leaves no cached blocks that the next prompt hits, since reasoning is removed from it in between.
    """
    conversion = BlockConversion(block_tokens=CLAUDE_BLOCK, page_tokens=page_tokens)
    for scope, line, at in zip(count(1), lines, starts, strict=False):
        try:
            one = measured_rows.json_row(line, scope)
            turns = _named(_recorded_turns(one, conversion, _BlockNames(scope, one, share_system=share_system)))
            first = TrafficSession(str(one.value("id")), turns).start(at)
        except BadMeasurement as problem:
            raise _unreadable(problem) from problem
        if first is not None:
            yield first


def _named(turns: Iterator[SessionTurn]) -> Iterator[SessionTurn]:
    """Yield later turns, which are read during a session, with errors like the first one's."""
    try:
        yield from turns
    except BadMeasurement as problem:
        raise _unreadable(problem) from problem


def _unreadable(problem: BadMeasurement) -> UnreadableTraffic:
    return UnreadableTraffic(f"{problem} (expected id, requests with in, out, hash_runs, think_time)")


class _BlockNames:
    """Makes a session's block ids distinct from those of other sessions, except for shared ones.

    With sharing, sessions whose tools and system prompt have the same lengths are assumed to have the same text there,
    as in one deployment; blocks are shared only as long as they equal the first blocks of the session's first request.
    """

    def __init__(self, scope: int, session: MeasuredFields, *, share_system: bool) -> None:
        self._start = scope << _SCOPE_BITS
        self._tools, self._system = session.count("tool_tokens"), session.count("system_tokens")
        both = (self._tools + self._system) // CLAUDE_BLOCK if share_system else 0
        first = next(_requests(session), None)
        self._shared = expanded_runs(block_runs(first))[:both] if first is not None and first.has("hash_runs") else []

    def blocks(self, runs: Iterable[tuple[int, int]]) -> list[int]:
        own = expanded_runs(list(runs))
        pairs = zip(own, self._shared, strict=False)
        common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        return [self._common(place) for place in range(common)] + [self._start + block for block in own[common:]]

    def _common(self, place: int) -> int:
        """The id of a shared block: negative, unlike sessions' own ids; tools come before the system prompt."""
        system = 0 if place < self._tools // CLAUDE_BLOCK else self._system
        return -1 - (((self._tools << _SHARED_BITS | system) << _SHARED_BITS) | place)


def _requests(session: MeasuredFields) -> Iterator[MeasuredFields]:
    for one in session.items("requests"):
        yield measured_rows.json_fields(one, session.line)


def _recorded_turns(session: MeasuredFields, conversion: BlockConversion, names: _BlockNames) -> Iterator[SessionTurn]:
    for request in _requests(session):
        if request.text("type") == "subagent":
            yield from _recorded_turns(request, conversion, names)
            continue
        prompt, reply = max(request.count("in"), 1), max(request.count("out"), 1)
        prefix = conversion.pages(names.blocks(block_runs(request)), prompt)
        yield SessionTurn(prompt, reply, request.number("think_time") if request.has("think_time") else 0.0, prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTraffic:
    """Generated sessions: a common system prompt, and turns that each add a result to the conversation."""

    system_tokens: int
    """Tokens of tools and instructions, the same text in every session."""
    turns: Callable[[], int]
    result: Callable[[], tuple[int, int]]
    """Tokens added to the prompt before a turn, and tokens of its reply."""
    think_s: Callable[[], float]
    page_tokens: int
    context_tokens: int
    """A session ends before its conversation would exceed this."""


def agentic(agents: AgentTraffic, starts: Iterable[float]) -> Iterator[RequestArrival]:
    """Yield one session per start; each prompt repeats earlier replies verbatim, so it hits their cached blocks."""
    for scope, at in enumerate(starts, start=1):
        first = TrafficSession(f"agent-{scope}", _made_up_turns(agents, scope)).start(at)
        if first is not None:
            yield first


def _made_up_turns(agents: AgentTraffic, scope: int) -> Iterator[SessionTurn]:
    context, page = agents.system_tokens, agents.page_tokens
    shared = agents.system_tokens // page
    chain = [-1 - place for place in range(shared)]
    for _ in range(agents.turns()):
        added, reply = agents.result()
        prompt, whole = context + added, context + added + reply
        if whole > agents.context_tokens:
            return
        chain += [(scope << _SCOPE_BITS) + place for place in range(len(chain), whole // page)]
        full = prompt // page
        yield SessionTurn(prompt, reply, agents.think_s(), tuple(chain[:full]), tuple(chain[full : whole // page]))
        context = whole
