"""Who is there: pods by what they can give, and which of them told figures that are believed. Never what they said."""

from dataclasses import dataclass

from fairlead.scaling.facts import EngineFigures, Facts, Phase, Pod, Router, RouterFigures

COMING = (Phase.PENDING, Phase.PULLING, Phase.STARTING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Pods and routers by name, so that their order in the facts decides nothing."""

    ready: tuple[Pod, ...]
    """Of any revision: those of an old one serve during a rollout."""
    coming: tuple[Pod, ...]
    stuck: tuple[Pod, ...]
    known: tuple[tuple[Pod, EngineFigures], ...]
    """Ready ones with figures that are believed."""
    unknown: tuple[Pod, ...]
    """Ready ones without."""
    leaving: tuple[tuple[Pod, EngineFigures], ...]
    """Draining ones with figures that are believed: they finish requests and take no more."""
    routers: tuple[tuple[Router, RouterFigures], ...]
    silent: tuple[Router, ...]
    """Routers without figures that are believed."""

    @property
    def supply(self) -> int:
        """Those that serve, or will without being asked for again."""
        return len(self.ready) + len(self.coming)


def called(facts: Facts, now: float) -> Roster:
    """The roll of this moment."""
    pods = sorted(facts.pods, key=_name)
    routers = sorted(facts.routers, key=_name)
    ready = tuple(pod for pod in pods if pod.phase is Phase.READY)
    stale = facts.policy.stale_after_seconds
    known = tuple((pod, figures) for pod in ready if (figures := believed(pod, stale, now)) is not None)
    told = tuple((one, said) for one in routers if (said := heard(one, stale, now)) is not None)
    draining = (pod for pod in pods if pod.phase is Phase.DRAINING)
    return Roster(
        ready=ready,
        coming=tuple(pod for pod in pods if pod.phase in COMING),
        stuck=tuple(pod for pod in pods if pod.phase is Phase.STUCK),
        known=known,
        unknown=tuple(pod for pod in ready if believed(pod, stale, now) is None),
        leaving=tuple((pod, figures) for pod in draining if (figures := believed(pod, stale, now)) is not None),
        routers=told,
        silent=tuple(one for one in routers if heard(one, stale, now) is None),
    )


def believed(pod: Pod, stale: float, now: float) -> EngineFigures | None:
    """Its figures, if nothing speaks against them."""
    fresh = pod.figures is not None and pod.doubt is None and now - pod.figures.at <= stale
    return pod.figures if fresh else None


def heard(router: Router, stale: float, now: float) -> RouterFigures | None:
    """The same of a router."""
    fresh = router.figures is not None and router.doubt is None and now - router.figures.at <= stale
    return router.figures if fresh else None


def _name(one: Pod | Router) -> str:
    return one.name
