"""Which pods and routers exist, what they supply, and which of them have valid figures."""

from dataclasses import dataclass

from fairlead.scaling.facts import (
    EngineFigures,
    EnginePod,
    EnginePodPhase,
    RouterFigures,
    RouterPod,
    SampleProblem,
    ScalingFacts,
)

COMING = (EnginePodPhase.PENDING, EnginePodPhase.PULLING, EnginePodPhase.STARTING)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodInventory:
    """The facts, with pods and routers sorted by name so that their order changes nothing."""

    facts: ScalingFacts
    now: float
    ready: tuple[EnginePod, ...]
    """Ready pods of any revision: old ones serve during a rollout."""
    coming: tuple[EnginePod, ...]
    hung: tuple[EnginePod, ...]
    measured: tuple[tuple[EnginePod, EngineFigures], ...]
    """Ready pods with valid figures."""
    unknown: tuple[EnginePod, ...]
    """Ready pods without valid figures."""
    leaving: tuple[tuple[EnginePod, EngineFigures], ...]
    """Draining pods with valid figures: they finish requests and accept no more."""
    routers: tuple[tuple[RouterPod, RouterFigures], ...]
    silent: tuple[RouterPod, ...]
    """Routers without valid figures."""

    @property
    def supply(self) -> int:
        """Ready and starting replicas: supply that is there or on its way."""
        return len(self.ready) + len(self.coming)

    @property
    def counted(self) -> int:
        """Replicas as they are, hung ones too, without what a rollout runs beyond the wanted count: taken for needed,
        a surge would raise the count, and the next surge comes on top of it."""
        return min(self.supply + len(self.hung), self.facts.wanted)

    @property
    def settled(self) -> int:
        """Replicas that are not starting: ready ones, and hung ones of the count. A hung one that a rollout runs
        beyond it would hide a need for one more."""
        return max(len(self.ready), min(len(self.ready) + len(self.hung), self.facts.wanted))

    def newest_ready_at(self, unknown: float) -> float:
        """Return when the newest ready replica became ready; `unknown` if no replica reports it."""
        return max((pod.ready_at for pod in self.ready if pod.ready_at is not None), default=unknown)


def take(facts: ScalingFacts, now: float) -> PodInventory:
    """Take the inventory as of now."""
    pods = sorted(facts.pods, key=_name)
    routers = sorted(facts.routers, key=_name)
    ready = tuple(pod for pod in pods if pod.phase is EnginePodPhase.READY)
    stale = facts.policy.stale_after_seconds
    measured = tuple((pod, figures) for pod in ready if (figures := trusted_engine(pod, stale, now)) is not None)
    reporting = tuple((one, report) for one in routers if (report := trusted_router(one, stale, now)) is not None)
    draining = (pod for pod in pods if pod.phase is EnginePodPhase.DRAINING)
    return PodInventory(
        facts=facts,
        now=now,
        ready=ready,
        coming=tuple(pod for pod in pods if pod.phase in COMING),
        hung=tuple(pod for pod in pods if pod.phase is EnginePodPhase.HUNG),
        measured=measured,
        unknown=tuple(pod for pod in ready if trusted_engine(pod, stale, now) is None),
        leaving=tuple((pod, figures) for pod in draining if (figures := trusted_engine(pod, stale, now)) is not None),
        routers=reporting,
        silent=tuple(one for one in routers if trusted_router(one, stale, now) is None),
    )


def trusted_engine(pod: EnginePod, stale: float, now: float) -> EngineFigures | None:
    """Return a pod's figures if they are fresh and without a problem."""
    return None if problem_of(pod, stale, now) else pod.figures


def trusted_router(router: RouterPod, stale: float, now: float) -> RouterFigures | None:
    """Return a router's figures if they are fresh and without a problem."""
    return None if problem_of(router, stale, now) else router.figures


def problem_of(one: EnginePod | RouterPod, stale: float, now: float) -> SampleProblem | None:
    """Return why figures are not used: what their source found, or that there are none, or only old ones."""
    if one.problem is not None:
        return one.problem
    return SampleProblem.NO_ANSWER if one.figures is None else problem_of_age(one.figures.at, stale, now)


def problem_of_age(at: float, stale: float, now: float) -> SampleProblem | None:
    """Return whether figures of that time are too old: the only place that compares ages with the policy's limit."""
    return SampleProblem.STALE if now - at > stale else None


def _name(one: EnginePod | RouterPod) -> str:
    return one.name
