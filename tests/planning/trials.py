"""A canary played in a small simulated cluster: decided, stored and carried out as a controller does it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from fairlead.fleet.canaries import (
    CanaryFacts,
    CanaryGate,
    CanaryOrder,
    CanaryPhase,
    CanaryPlan,
    CanaryState,
    CanaryStep,
    CanaryVerb,
)
from fairlead.fleet.desired_state import DesiredRollout, RolloutStrategy
from fairlead.fleet.gate_verdicts import GateReason, GateVerdict, Verdict
from fairlead.fleet.rollouts import HoldStep, RolloutPlan, RolloutReplica, RolloutSnapshot
from fairlead.planning import canary, rollback
from fairlead.planning import rollout as planner
from tests.planning import dry_run
from tests.planning.states import T0, edited, given, revision

NO_SPARE = DesiredRollout(strategy=RolloutStrategy.CANARY, max_surge=0, max_unavailable=1)
ONE_SPARE = DesiredRollout(strategy=RolloutStrategy.CANARY, max_surge=1, max_unavailable=0)
PLAN = CanaryPlan(
    steps=(
        CanaryStep(traffic=0, hold_seconds=120),
        CanaryStep(traffic=5, gates=(CanaryGate.SERVICE,)),
        CanaryStep(replicas=2, traffic=50, gates=(CanaryGate.SERVICE,)),
    )
)


def verdict(found: Verdict, message: str = "as the story says") -> GateVerdict:
    """A verdict of the service gate."""
    return GateVerdict(verdict=found, reason=GateReason.NO_TRAFFIC, message=message)


@dataclass(kw_only=True)
class Trial:
    """A cluster with revision a in which b is to be tried; its operator keeps nothing but what is stored."""

    rollout: RolloutSnapshot
    now: datetime = T0
    plan: CanaryPlan = PLAN
    stored: CanaryState | None = None
    facts: CanaryFacts = field(default_factory=lambda: CanaryFacts(wanted=0))
    diverted: bool = True
    """Routers have applied the latest share."""

    def order(self, verb: CanaryVerb) -> None:
        """Issue a command as a user would."""
        self.facts = replace(self.facts, order=CanaryOrder(verb=verb, at=self.now))

    def judge(self, found: Verdict | None, why: GateReason = GateReason.NO_TRAFFIC) -> None:
        """Set the verdict of the service gate from now on."""
        self.facts = replace(self.facts, service=replace(verdict(found), reason=why) if found else None)

    def evaluate(self, found: Verdict, items: str = "a") -> None:
        """Set the verdict of the quality gate on these items from now on."""
        self.facts = replace(self.facts, quality=verdict(found), items=items)

    def edit(self, target: str) -> None:
        """Change the spec to another revision."""
        self.rollout = edited(self.rollout, target, self.now)

    def tick(self) -> RolloutPlan:
        """Reconcile once: decide on what is stored, carry it out, store what comes next."""
        target, best = rollback.target_state(self.rollout), rollback.fallback(self.rollout)
        self.stored = self.stored if self.stored and self.stored.revision == self.rollout.target else None
        state, limit = self._state(), None
        if best is not None and state is not None and not (target and target.served):
            available = sum(_serves(one) for one in target.replicas) if target else 0
            spare = self.rollout.rules.max_surge
            facts = replace(self.facts, wanted=self.rollout.desired_replicas, spare=spare, available=available)
            limit = canary.limit(state, facts, self.now, diverted=self.diverted)
            self.stored = canary.follow(state, facts, self.now)
        snapshot = replace(self.rollout, canary=limit)
        plan = planner.next_step(snapshot, self.now)
        self.rollout = self._unserved(replace(dry_run.after(snapshot, plan.step, self.now), canary=None))
        return plan

    def _state(self) -> CanaryState | None:
        best = rollback.fallback(self.rollout)
        fresh = canary.begun(self.rollout.target, best.name, self.plan, self.now) if best else None
        return self.stored or fresh

    def _unserved(self, rollout: RolloutSnapshot) -> RolloutSnapshot:
        """A revision on trial counts as one that never served."""
        promoted = self.stored is not None and self.stored.phase is CanaryPhase.PROMOTED
        return replace(
            rollout,
            revisions=tuple(
                each if each.name == "a" or (promoted and each.name == rollout.target) else replace(each, served=False)
                for each in rollout.revisions
            ),
        )

    def rounds(self, number: int = 1, seconds: float = 60.0) -> Iterator["Trial"]:
        """Let time pass; yields after each reconcile."""
        for _ in range(number):
            for _ in range(8):
                self.tick()
                yield self
            self.now += timedelta(seconds=seconds)
            self.rollout = self._unserved(dry_run.later(self.rollout, self.now))

    def run(self, number: int = 1) -> "Trial":
        """Let time pass."""
        for _ in self.rounds(number):
            pass
        return self

    def until(self, holds: Callable[["Trial"], bool]) -> "Trial":
        """Let time pass until it holds."""
        for at in self.rounds(200):
            if holds(at):
                return self
        raise AssertionError(f"never: {self.stored}, {self.counts}")

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """By revision: requested replicas, and those that serve."""
        return {
            each.name: (each.requested, sum(_serves(one) for one in each.replicas)) for each in self.rollout.revisions
        }

    @property
    def percent(self) -> int | None:
        """The share that routers are given."""
        share = canary.share(self.stored) if self.stored else None
        return share.percent if share else None

    @property
    def phase(self) -> CanaryPhase | None:
        """The canary's phase."""
        return self.stored.phase if self.stored else None

    @property
    def serving(self) -> int:
        """Replicas that serve, of all revisions."""
        return sum(serves for _, serves in self.counts.values())

    @property
    def held(self) -> int:
        """Accelerators that are held, counted in replicas."""
        return sum(len(each.replicas) for each in self.rollout.revisions)


def trial(wanted: int = 3, rules: DesiredRollout = NO_SPARE, plan: CanaryPlan = PLAN) -> Trial:
    """Revision a serves, and the spec now names b."""
    made = Trial(rollout=given("a", wanted, revision("a", ready=wanted), rules=rules), plan=plan)
    made.edit("b")
    return made


def reason(made: Trial) -> str:
    """What it waits for."""
    step = made.tick().step
    assert isinstance(step, HoldStep), step
    return step.because


def _serves(replica: RolloutReplica) -> bool:
    return replica.ready_since is not None and not replica.ending and replica.routable is not False
