"""Projects the facts to a later time, with traffic unchanged or scaled by a factor, for what-if answers.

Pods stay as they are, since `what_if` stops at the first answer that would change them. Counters grow consistently, as
on a real engine, so that the projection teaches the estimates nothing new.
"""

from dataclasses import dataclass, replace

from fairlead.scaling.facts import (
    EngineFigures,
    EnginePod,
    EnginePodPhase,
    LatencyTotals,
    RouterFigures,
    RouterPod,
    ScalingFacts,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectedTraffic:
    """Arrivals a second, over all replicas."""

    requests: float
    prompt_tokens: float
    output_tokens: float
    cached_share: float = 0.0
    """Share of prompt tokens found in a prefix cache."""

    def times(self, factor: float) -> "ProjectedTraffic":
        """Return the same mix of requests at a multiple of the rate."""
        return replace(
            self,
            requests=self.requests * factor,
            prompt_tokens=self.prompt_tokens * factor,
            output_tokens=self.output_tokens * factor,
        )

    def divided(self, parts: int) -> "ProjectedTraffic":
        """Return the part of one of several replicas or routers."""
        return self.times(1 / max(parts, 1))


def later(facts: ScalingFacts, traffic: ProjectedTraffic, seconds: float, factor: float = 1.0) -> ScalingFacts:
    """Return the facts some seconds later; `factor` is the multiple of what is in flight at the start."""
    serving = sum(pod.phase is EnginePodPhase.READY for pod in facts.pods)
    reporting = sum(_reports(router) for router in facts.routers)
    return replace(
        facts,
        pods=tuple(_pod(pod, traffic.divided(serving), seconds, factor) for pod in facts.pods),
        routers=tuple(_router(one, traffic.divided(reporting), seconds, factor) for one in facts.routers),
    )


def with_waiting(facts: ScalingFacts, requests: float) -> ScalingFacts:
    """Return the same moment with more requests waiting: at a router that reports, else in an engine."""
    for number, router in enumerate(facts.routers):
        if router.figures is not None and _reports(router):
            more = replace(router.figures, waiting=router.figures.waiting + requests)
            changed = replace(router, figures=more)
            return replace(facts, routers=(*facts.routers[:number], changed, *facts.routers[number + 1 :]))
    for number, pod in enumerate(facts.pods):
        ready = pod.phase is EnginePodPhase.READY and _reports(pod)
        if ready and pod.figures is not None and pod.figures.waiting is not None:
            fuller = replace(pod, figures=replace(pod.figures, waiting=pod.figures.waiting + requests))
            return replace(facts, pods=(*facts.pods[:number], fuller, *facts.pods[number + 1 :]))
    return facts


def _reports(one: EnginePod | RouterPod) -> bool:
    """Return whether its figures count: the last ones of a pod that cannot be read any more stay as they are."""
    return one.figures is not None and one.problem is None


def _pod(pod: EnginePod, traffic: ProjectedTraffic, seconds: float, factor: float) -> EnginePod:
    if pod.figures is None or not _reports(pod):
        return pod
    traffic = traffic if pod.phase is EnginePodPhase.READY else traffic.times(0.0)
    return replace(pod, figures=_engine(pod.figures, traffic, seconds, factor))


def _engine(figures: EngineFigures, traffic: ProjectedTraffic, seconds: float, factor: float) -> EngineFigures:
    """Return one engine's figures some seconds later; time per token is running requests over tokens a second."""
    running = None if figures.running is None else figures.running * factor
    passes = traffic.output_tokens / running if running else 0.0
    return replace(
        figures,
        at=figures.at + seconds,
        running=running,
        waiting=None if figures.waiting is None else figures.waiting * factor,
        kv_usage=None if figures.kv_usage is None else min(1.0, figures.kv_usage * factor),
        prompt_tokens=_more(figures.prompt_tokens, traffic.prompt_tokens * seconds),
        cached_tokens=_more(figures.cached_tokens, traffic.prompt_tokens * traffic.cached_share * seconds),
        output_tokens=_more(figures.output_tokens, traffic.output_tokens * seconds),
        finished=_more(figures.finished, traffic.requests * seconds),
        steps=_more(figures.steps, passes * seconds),
        first_token=_durations(figures.first_token, traffic.requests * seconds, None),
        request_pace=_durations(figures.request_pace, traffic.requests * seconds, None),
        per_token=_durations(figures.per_token, traffic.output_tokens * seconds, (running or 0.0) * seconds),
    )


def _more(counter: float | None, amount: float) -> float | None:
    return None if counter is None else counter + amount


def _durations(kept: LatencyTotals | None, count: float, total: float | None) -> LatencyTotals | None:
    """Add `count` samples: of the mean duration so far unless `total` is given, and as often within the objective."""
    if kept is None:
        return None
    each = kept.total / kept.count if kept.count else 0.0
    within = None if kept.kept is None else kept.kept + count * (kept.kept / kept.count if kept.count else 1.0)
    return LatencyTotals(
        count=kept.count + count, total=kept.total + (each * count if total is None else total), kept=within
    )


def _router(router: RouterPod, traffic: ProjectedTraffic, seconds: float, factor: float) -> RouterPod:
    if router.figures is None or not _reports(router):
        return router
    figures: RouterFigures = router.figures
    return replace(
        router,
        figures=replace(
            figures,
            at=figures.at + seconds,
            arrivals=figures.arrivals + traffic.requests * seconds,
            prompt_tokens=figures.prompt_tokens + traffic.prompt_tokens * seconds,
            waiting=figures.waiting * factor,
            batch_waiting=figures.batch_waiting * factor,
            held=figures.held * factor,
            oldest_seconds=figures.oldest_seconds if factor else 0.0,
        ),
    )
