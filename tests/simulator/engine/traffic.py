"""Engines and traffic of all kinds, for properties that must always hold."""

import random
from dataclasses import dataclass, field

from hypothesis import strategies as st

from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import EngineRequest, FinishReason
from fairlead.simulator.engine.settings import EngineSettings, SchedulingPolicy, SpeculationSettings
from fairlead.simulator.engine.steps import Emission, EngineStep, SchedulerRefusal

PAGE = 4
"""Small pages and small caches, so that limits are met early."""


@dataclass(frozen=True)
class TrafficRequest:
    """One request to be made, and when it is cancelled, if ever."""

    gap: float
    prompt: int
    output: int
    text: int
    """Requests of one text share pages as far as their prompts match."""
    priority: int
    adapter: str | None
    stops: bool
    given_up_after: float | None

    def request(self, serial: int, arrived: float, *, named: bool) -> EngineRequest:
        """As the scheduler takes it."""
        full, whole = self.prompt // PAGE, (self.prompt + self.output) // PAGE
        names = tuple(self.text * 1000 + page for page in range(whole)) if named and self.text else ()
        return EngineRequest(
            serial=serial,
            prompt_tokens=self.prompt,
            output_tokens=self.output,
            arrived=arrived,
            finish=FinishReason.STOP if self.stops else FinishReason.LENGTH,
            prefix=names[:full],
            reply=names[full:],
            priority=self.priority,
            adapter=self.adapter,
        )


REQUESTS = st.builds(
    TrafficRequest,
    gap=st.sampled_from([0.0, 0.0, 0.001, 0.03, 0.2]),
    prompt=st.integers(1, 40),
    output=st.integers(1, 24),
    text=st.integers(0, 3),
    priority=st.integers(0, 2),
    adapter=st.sampled_from([None, None, "red", "blue", "green"]),
    stops=st.booleans(),
    given_up_after=st.one_of(st.none(), st.none(), st.sampled_from([0.0, 0.011, 0.05, 0.3])),
)
TRAFFIC = st.lists(REQUESTS, min_size=1, max_size=14)

SPECULATION = st.builds(
    SpeculationSettings,
    tokens=st.integers(1, 4),
    acceptance=st.just((0.8, 0.6, 0.5, 0.3)),
    lookahead=st.sampled_from([0, 2]),
    draft_slots=st.integers(0, 1),
    rereads_page=st.booleans(),
)


def engines(speculation: st.SearchStrategy[SpeculationSettings | None]) -> st.SearchStrategy[EngineSettings]:
    """Limits small enough to be met."""
    return st.builds(
        EngineSettings,
        blocks=st.integers(20, 40),
        block_tokens=st.just(PAGE),
        batch_tokens=st.sampled_from([12, 24, 64, 256]),
        max_sequences=st.sampled_from([1, 2, 4, 6]),
        context_tokens=st.sampled_from([30, 50, 400]),
        prefix_caching=st.booleans(),
        long_prefill_tokens=st.sampled_from([0, 0, 5]),
        reserve_whole_prompt=st.booleans(),
        watermark=st.sampled_from([0.0, 0.1]),
        policy=st.sampled_from(list(SchedulingPolicy)),
        adapter_slots=st.integers(0, 2),
        speculation=speculation,
        host_blocks=st.sampled_from([0, 0, 6, 30]),
        load_s=st.just(0.004),
        late_stop=st.booleans(),
    )


PLAIN = engines(st.none())
ANY = engines(st.one_of(st.none(), SPECULATION))


def crowd(seed: int) -> tuple[EngineSettings, list[TrafficRequest]]:
    """Denser than what hypothesis draws by itself, since nothing biases it to small values; the seed names the case."""
    dice = random.Random(seed)  # noqa: S311  # no secret
    settings = EngineSettings(
        blocks=dice.randint(20, 40),
        block_tokens=PAGE,
        batch_tokens=dice.choice([12, 24, 64, 256]),
        max_sequences=dice.choice([1, 2, 4, 6, 12]),
        context_tokens=dice.choice([30, 50, 400]),
        prefix_caching=dice.random() < 0.7,
        long_prefill_tokens=dice.choice([0, 0, 5]),
        reserve_whole_prompt=dice.random() < 0.5,
        watermark=dice.choice([0.0, 0.1]),
        policy=dice.choice(list(SchedulingPolicy)),
        adapter_slots=dice.randint(0, 2),
        late_stop=dice.random() < 0.5,
        host_blocks=dice.choice([0, 0, 6, 30]),
        load_s=0.004,
    )
    return settings, [_one_of_a_crowd(dice) for _ in range(dice.randint(1, 25))]


def _one_of_a_crowd(dice: random.Random) -> TrafficRequest:
    return TrafficRequest(
        gap=dice.choice([0.0, 0.0, 0.001, 0.03, 0.2]),
        prompt=dice.randint(1, 40),
        output=dice.randint(1, 24),
        text=dice.randint(0, 3),
        priority=dice.randint(0, 2),
        adapter=dice.choice([None, None, "red", "blue", "green"]),
        stops=dice.random() < 0.5,
        given_up_after=dice.choice([None, None, None, 0.0, 0.011, 0.05, 0.3]),
    )


@dataclass
class RunTrace:
    """Everything visible of a run."""

    requests: list[EngineRequest] = field(default_factory=list)
    refused: list[SchedulerRefusal] = field(default_factory=list)
    first: list[tuple[int, float]] = field(default_factory=list)
    ended: list[tuple[int, float]] = field(default_factory=list)
    tokens: dict[int, int] = field(default_factory=dict)
    gauges: list[tuple[float, int, int, float]] = field(default_factory=list)

    def note(self, emissions: list[Emission], now: float) -> None:
        """Add what a step emitted."""
        for one in emissions:
            serial = one.request.serial
            self.tokens[serial] = self.tokens.get(serial, 0) + one.tokens
            if one.first:
                self.first.append((serial, now))
            if one.finished is not None:
                self.ended.append((serial, now))

    def observe(self, engine: EngineCore, now: float) -> None:
        """Record the gauges."""
        self.gauges.append((now, engine.running, engine.waiting, engine.usage))


@dataclass(frozen=True, order=True)
class _Act:
    time: float
    place: int
    gives_up: bool


def acts(traffic: list[TrafficRequest]) -> list[_Act]:
    """Arrivals and cancellations, in order of time."""
    out, now = [], 0.0
    for place, one in enumerate(traffic):
        now += one.gap
        out.append(_Act(now, place, gives_up=False))
        if one.given_up_after is not None:
            out.append(_Act(now + one.given_up_after, place, gives_up=True))
    return sorted(out)


class Watch:
    """Observes every step; tests check properties of steps here."""

    def step(self, engine: EngineCore, step: EngineStep) -> None:
        """Check nothing."""


def play(engine: EngineCore, traffic: list[TrafficRequest], watch: Watch | None = None) -> RunTrace:
    """Run traffic through an engine: by `advance`, or step by step with a watch."""
    record = RunTrace()
    named = engine.settings.prefix_caching
    now = 0.0
    made: dict[int, EngineRequest] = {}
    for act in acts(traffic):
        now = _pass(engine, record, now, act.time, watch)
        if act.gives_up:
            if act.place in made:
                engine.abort(made[act.place], act.time)
            continue
        request = traffic[act.place].request(act.place, act.time, named=named)
        record.requests.append(request)
        refused = engine.add(request)
        if refused is None:
            made[act.place] = request
        else:
            record.refused.append(refused)
        record.observe(engine, act.time)
    _pass(engine, record, now, 1e9, watch)
    record.observe(engine, 1e9)
    return record


def _pass(engine: EngineCore, record: RunTrace, now: float, until: float, watch: Watch | None) -> float:
    if watch is not None:
        return _step_by_step(engine, record, (now, until), watch)
    while now < until:
        advanced = engine.advance(now, until)
        now = advanced.now
        record.note(advanced.emissions, now)
    return now


def _step_by_step(engine: EngineCore, record: RunTrace, span: tuple[float, float], watch: Watch) -> float:
    now, until = span
    while True:
        step = engine.flight
        if step is None:
            if now >= until:
                return until
            step = engine.begin(now)
            if step is None:
                return until
            watch.step(engine, step)
        if step.ends > until:
            return until
        now = step.ends
        record.note(engine.complete(step, now), now)
