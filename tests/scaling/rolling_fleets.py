"""A fleet whose replicas start and end by the planner's steps of a rollout, for tests of what that does to counts."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from fairlead.fleet.desired_state import DesiredRollout, RolloutStrategy
from fairlead.fleet.policies import ScalingPolicy
from fairlead.fleet.rollouts import (
    CanaryLimit,
    ReplicaStep,
    RetireStep,
    RevisionState,
    RolloutReplica,
    RolloutSnapshot,
)
from fairlead.planning import rollout
from fairlead.scaling.facts import EnginePod, EnginePodPhase, ScalingFacts
from tests.scaling.fluid_fleets import START, Engine, Fluid

DRAINING_SECONDS: Final = 10.0


@dataclass(kw_only=True)
class RollingFleet:
    """Caches that hold as much as `busy` full replicas do, shared evenly by the replicas that are ready."""

    policy: ScalingPolicy
    rate: float
    busy: float
    canary: bool = False
    most_surge: int = 1
    wanted: int = 10
    target: str = "old"
    fluid: Fluid = field(init=False)
    requested: dict[str, int] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    revision_of: dict[str, str] = field(default_factory=dict)
    ends: dict[str, float] = field(default_factory=dict)
    served: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin with the old revision alone."""
        self.fluid = Fluid(policy=self.policy, cold=100.0).grown(self.wanted, at_once=True)
        self.requested, self.since = {"old": self.wanted}, {"old": START}
        self.revision_of = {one.name: "old" for one in self.fluid.engines}

    def passes(self, seconds: int) -> int:
        """Decide and take one step each second; returns the largest count that was recommended."""
        return max(self._second() for _ in range(seconds))

    def changes(self) -> None:
        """Change the spec: another revision is the target from now on."""
        self.target = "new"
        self.requested["new"], self.since["new"] = 0, self.fluid.now

    def _second(self) -> int:
        self.fluid.passed(1.0, self.rate)
        now = self.fluid.now
        self.fluid.engines = [one for one in self.fluid.engines if self.ends.get(one.name, now + 1) > now]
        self.wanted = self.fluid.decided(self._facts()).replicas
        self.served |= {self.revision_of[one.name] for one in self.fluid.engines if one.ready_at <= now}
        moment = datetime.fromtimestamp(now, tz=UTC)
        self._take(rollout.next_step(self._snapshot(), moment).step)
        return self.wanted

    def _facts(self) -> ScalingFacts:
        facts, ready = self.fluid.facts(), [one for one in self._live() if one.ready_at <= self.fluid.now]
        use = min(self.busy / len(ready), 1.0)
        pods = tuple(self._pod(pod, use) for pod in facts.pods)
        return replace(facts, pods=pods, wanted=self.wanted, revision=self.target)

    def _pod(self, pod: EnginePod, use: float) -> EnginePod:
        phase = EnginePodPhase.DRAINING if pod.name in self.ends else pod.phase
        figures = pod.figures and replace(pod.figures, kv_usage=use)
        return replace(pod, revision=self.revision_of[pod.name], phase=phase, figures=figures)

    def _live(self) -> list[Engine]:
        return [one for one in self.fluid.engines if one.name not in self.ends]

    def _snapshot(self) -> RolloutSnapshot:
        on_trial = self.canary and self.target == "new"
        return RolloutSnapshot(
            target=self.target,
            desired_replicas=self.wanted,
            rules=DesiredRollout(strategy=RolloutStrategy.SURGE, max_surge=self.most_surge, max_unavailable=0),
            revisions=tuple(self._revision(name) for name in self.requested),
            canary=CanaryLimit(replicas=1, because="its gates run") if on_trial else None,
        )

    def _revision(self, name: str) -> RevisionState:
        since = datetime.fromtimestamp(self.since[name], tz=UTC)
        return RevisionState(
            name=name,
            requested=self.requested[name],
            replicas=tuple(self._replica(one) for one in self.fluid.engines if self.revision_of[one.name] == name),
            created_at=since,
            wanted_since=since if name == self.target else None,
            served=name in self.served,
        )

    def _replica(self, one: Engine) -> RolloutReplica:
        ready = datetime.fromtimestamp(one.ready_at, tz=UTC) if one.ready_at <= self.fluid.now else None
        return RolloutReplica(name=one.name, ready_since=ready, ending=one.name in self.ends)

    def _take(self, step: object) -> None:
        """Start new replicas, or drain the newest ones."""
        if isinstance(step, RetireStep):
            del self.requested[step.revision]
        if not isinstance(step, ReplicaStep):
            return
        self.requested[step.revision] = step.replicas
        there = [one for one in self._live() if self.revision_of[one.name] == step.revision]
        for one in there[step.replicas :]:
            self.ends[one.name] = self.fluid.now + DRAINING_SECONDS
        before = len(self.fluid.engines)
        self.fluid.grown(max(step.replicas - len(there), 0))
        self.revision_of |= {one.name: step.revision for one in self.fluid.engines[before:]}
