"""Conversion of the canary of a deployment or an adapter into its plan."""

from fairlead.api import amounts
from fairlead.api.adapter_canary import AdapterCanary
from fairlead.api.lifecycle import Canary
from fairlead.api.value_mapping import value
from fairlead.fleet.canaries import CanaryPlan, CanaryStep, QualityLimits, ServiceLimits


def of_deployment(spec: Canary) -> CanaryPlan:
    """The plan for a new revision."""
    steps = tuple(value(one, CanaryStep, replicas=one.replicas or 0) for one in spec.steps)
    return _plan(spec, steps, amounts.seconds(spec.start_within))


def of_adapter(spec: AdapterCanary) -> CanaryPlan:
    """The plan for a new version: it begins once the version is loaded, however long that takes."""
    return _plan(spec, tuple(value(one, CanaryStep, replicas=0) for one in spec.steps), None)


def _plan(
    spec: Canary | AdapterCanary, steps: tuple[CanaryStep, ...], start_within_seconds: float | None
) -> CanaryPlan:
    limits = ServiceLimits(
        ttft_ratio=float(spec.service.max_ttft_ratio),
        tpot_ratio=float(spec.service.max_tpot_ratio),
        fault_share=float(spec.service.max_fault_share),
        min_requests=spec.service.min_requests,
    )
    found = spec.quality
    quality = QualityLimits(evaluation=found.evaluation, margin=float(found.margin) / 100) if found else None
    return CanaryPlan(
        steps=steps,
        start_within_seconds=start_within_seconds,
        undecided_seconds=amounts.seconds(spec.undecided_after),
        undecided=spec.undecided,
        service=limits,
        quality=quality,
    )
