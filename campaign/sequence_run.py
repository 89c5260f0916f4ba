"""One sequence run in one lane: each move, its pause, what the status said meanwhile, and the end state.

Every sequence ends alike: faults are undone, the spec is made good, and then the deployment must serve as if it had
been applied for the first time, at rest, without anything left over.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field, replace
from typing import Any, Final

from campaign import scene
from campaign.judge import Judge
from campaign.moves import Move
from campaign.observer import changes, children, conditions
from campaign.specs import WantedSpec
from campaign.story import Pause, Step, Story
from campaign.world import Lane, World

MOMENT_S: Final = 1.0
ROUNDS: Final = 4
SETTLE_S: Final = 120.0
BACK_S: Final = 150.0
"""From undone faults to a deployment that serves as wanted."""
FORGOTTEN_S: Final = 330.0
"""Kubernetes waits up to 5 minutes for pods of a ReplicaSet that was deleted and recreated; the status says so."""
REST_S: Final = 2.0
RESTS: Final = 10
"""Writes that go on for longer do not stop: the effects of a fault at the end are written within seconds."""
SCALINGS: Final = 4
"""How often the count may change before it rests, since past load has effects."""
ORPHAN_ROUNDS: Final = 25
"""One a second."""
GONE_S: Final = 60.0
"""On a busy machine deleted objects take a while to go, or to come back."""
GONE_EVERY_S: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A violated rule, and after which step."""

    oracle: str
    """Its kind, which alone tells stories apart."""
    words: str
    step: int
    scene: tuple[str, ...] = ()
    """The state at that time, line by line."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """The result of one sequence."""

    story: Story
    lane: int
    done: int = 0
    """Moves that were carried out."""
    judged: int = 0
    """How often everything was at rest and the status correct."""
    violations: list[Violation] = field(default_factory=list)
    weather: list[tuple[int, Move]] = field(default_factory=list)
    """Cluster-wide faults meanwhile, by the step at which each came."""
    seconds: float = 0.0
    requests: int = 0
    """Of clients, if there are any."""

    @property
    def whole(self) -> Story:
        """The sequence with cluster-wide faults as moves of its own."""
        steps = list(self.story.steps)
        for place, move in reversed(self.weather):
            steps.insert(place, Step(move=move, pause=Pause.NONE))
        return Story(start=self.story.start, steps=tuple(steps), origin=self.story.origin)


class Fresh:
    """The result of a fresh apply of each spec, learnt by applying it."""

    def __init__(self) -> None:
        self._fresh: dict[WantedSpec, dict[str, Any]] = {}

    def of(self, wanted: WantedSpec) -> dict[str, Any] | None:
        """None if it has not been applied yet."""
        return self._fresh.get(wanted)

    def learn(self, wanted: WantedSpec, found: dict[str, Any]) -> None:
        """Store the result."""
        self._fresh[wanted] = found


class SequenceRun:
    """One running sequence."""

    def __init__(self, world: World, lane: Lane, story: Story, fresh: Fresh | None = None) -> None:
        self._world = world
        self._lane = lane
        self._fresh = fresh
        self._judge = Judge(world, lane)
        self.step = 0
        self.outcome = Outcome(story=story, lane=lane.number)

    async def play(self, *, anew: bool) -> Outcome:
        """Run it; `anew`: at the end the deployment is deleted and applied again."""
        started = time.monotonic()
        try:
            await self._play(anew=anew)
        except asyncio.CancelledError:
            raise
        except Exception as problem:  # noqa: BLE001  # a world that breaks under a story is a finding too
            self._violate("world", f"{type(problem).__name__}: {problem}")
        if self.outcome.violations:
            await self._start_over()
        self.outcome.seconds = time.monotonic() - started
        return self.outcome

    async def _play(self, *, anew: bool) -> None:
        story, lane, world = self.outcome.story, self._lane, self._world
        if world.facts(lane) is None or story.start != WantedSpec():
            await world.begin(lane, story.start)
        else:
            self.outcome.story = story = replace(story, start=lane.wanted)
        await self._reached("start")
        for number, step in enumerate(story.steps, 1):
            if self.outcome.violations:
                return
            self.step = number
            refused = await world.perform(lane, step.move)
            self.outcome.done += not refused
            await self._pause(step.pause)
        if self.outcome.violations:
            return
        self.step = len(story.steps) + 1
        await world.heal(lane)
        good = lane.wanted.good
        if good != lane.wanted:
            await world.begin(lane, good)
        if await self._reached("end"):
            await self._end(anew=anew)

    async def _pause(self, pause: Pause) -> None:
        match pause:
            case Pause.NONE:
                self._judge.observe()
            case Pause.MOMENT:
                for _ in range(ROUNDS):
                    await asyncio.sleep(MOMENT_S / ROUNDS)
                    self._judge.observe()
            case Pause.SETTLED:
                still = await self._judge.settled(SETTLE_S)
                self.outcome.judged += self._judge.agreed
                if not still:
                    self._violate("restless", f"it never stood still: {self._judge.restless}")
                self._record_lies()

    async def _reached(self, when: str) -> bool:
        """Wait until everything wanted serves, and the status says so."""
        begun, edited = time.monotonic(), False
        until = begun + BACK_S
        while time.monotonic() < until or self._world.disturbed_at() > time.monotonic():
            await self._judge.settled(5.0)
            self._record_lies()
            if self.outcome.violations:
                return False
            found = self._judge.facts
            if found is not None and self._judge.agreed and conditions.is_complete(found) and found.routable:
                self.outcome.judged += 1
                return True
            if self._is_forgotten():
                until = max(until, begun + FORGOTTEN_S)
            if not edited and self._is_given_up():
                edited, until = True, time.monotonic() + BACK_S
                spec = self._lane.wanted
                await self._world.begin(self._lane, replace(spec, toleration=1 - spec.toleration))
            await asyncio.sleep(0.3)
        against = "; ".join(one.line for one in self._judge.against)
        facts = self._judge.facts
        reasons = {name: one["reason"] for name, one in (facts.conditions if facts else {}).items()}
        missing = "; ".join(facts.missing if facts else ())
        self._violate(f"not back at {when}", f"in {BACK_S:.0f} s: {reasons} {against} {missing}".rstrip())
        return False

    def _is_given_up(self) -> bool:
        """Whether a fault outlasted the deadline: a retry then needs an edit, or minutes."""
        document = self._judge.facts.conditions if self._judge.facts is not None and self._judge.agreed else {}
        return "Stalled" in document and document["Stalled"]["reason"] == "DeadlineExceeded"

    def _is_forgotten(self) -> bool:
        """Whether Kubernetes creates no pods, and the status says so."""
        found = self._judge.facts.conditions if self._judge.facts is not None else {}
        return "Scheduled" in found and found["Scheduled"]["reason"] == "PodsNotCreated"

    async def _end(self, *, anew: bool) -> None:
        lane, world = self._lane, self._world
        self.outcome.requests = world.requests(lane)
        nobodys = [f"pod {one} runs on and belongs to nobody" for one in await self._orphans()]
        for words in (*world.complaints(lane), *nobodys):
            self._violate("left behind", words)
        await self._rests()
        if self.outcome.violations or not await self._reached("rest"):
            return
        if self._fresh is not None:
            await self._as_fresh(self._fresh, anew=anew)

    async def _as_fresh(self, fresh: Fresh, *, anew: bool) -> None:
        """Check that the result equals that of a fresh apply."""
        lane, world = self._lane, self._world
        found = await self._children()
        document = fresh.of(lane.wanted)
        if document is None or anew:
            await self._gone()
            if self.outcome.violations:
                return
            await world.begin(lane, lane.wanted)
            if not await self._reached("fresh apply"):
                return
            document = await self._children()
            fresh.learn(lane.wanted, document)
        until = time.monotonic() + GONE_S
        while (lines := children.differences(document, found)) and time.monotonic() < until:
            await asyncio.sleep(GONE_EVERY_S)
            found = await self._children()
        for line in lines:
            self._violate("not as fresh", line)

    async def _orphans(self) -> list[str]:
        """Orphans that remain after the operator had its time to find them."""
        for _ in range(ORPHAN_ROUNDS):
            if not self._world.orphans(self._lane):
                break
            await asyncio.sleep(1.0)
        return self._world.orphans(self._lane)

    async def _rests(self) -> None:
        """Check that nothing is written at rest; while the autoscaler follows past load, it is not at rest."""
        for _ in range(SCALINGS):
            wanted, words = self._wanted(), await self._written()
            if not words:
                return
            if self._wanted() == wanted:
                self._violate("writes at rest", words)
                return
            if not await self._reached("rest"):
                return
        self._violate("writes at rest", f"the count changed {SCALINGS} times")

    async def _written(self) -> str:
        """The writes, if they do not stop; empty at rest."""
        began, changed = len(self._lane.writes), set[str]()
        for _ in range(RESTS):
            before, status = len(self._lane.writes), self._status()
            await asyncio.sleep(REST_S)
            changed |= changes.between(status, self._status())
            if len(self._lane.writes) == before and self._status() == status:
                return ""
        written = ", ".join(self._lane.writes[began:])
        return f"{RESTS} times in a row within {REST_S:.0f} s: {written}; of the status changed {sorted(changed)}"

    async def _gone(self) -> None:
        """Delete, and check that nothing is left."""
        await self._world.remove(self._lane)
        until = time.monotonic() + GONE_S
        left: list[str] = ["?"]
        while left and time.monotonic() < until:
            await asyncio.sleep(GONE_EVERY_S)
            left = [f"{one['kind']} {one['metadata']['name']}" for one in await self._world.children(self._lane)]
        for one in left:
            self._violate("left after deletion", one)

    async def _children(self) -> dict[str, Any]:
        """Children, without counts that the autoscaler chose, since past load affects them."""
        found = await self._world.children(self._lane)
        for one in found:
            if self._lane.wanted.scaling and children.REVISION in (one["metadata"].get("labels") or {}):
                one.get("spec", {}).pop("replicas", None)
        return children.essence(found, self._lane.namespace, self._lane.name)

    async def _start_over(self) -> None:
        """Let the lane's next sequence start from nothing."""
        with contextlib.suppress(Exception):
            await self._world.heal(self._lane)
            await self._gone()
            self._lane.wanted = WantedSpec()

    def _wanted(self) -> int | None:
        found = self._world.facts(self._lane)
        return found.wanted if found else None

    def _status(self) -> dict[str, Any]:
        found = self._world.facts(self._lane)
        return found.status if found else {}

    def _record_lies(self) -> None:
        for one in self._judge.lies:
            self._violate(f"lie: {one.about}", one.line)

    def _violate(self, oracle: str, words: str) -> None:
        stood = () if self._judge.facts is None else tuple(scene.lines(self._judge.facts))
        self.outcome.violations.append(Violation(oracle=oracle, words=words, step=self.step, scene=stood))
