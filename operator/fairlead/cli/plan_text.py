"""A plan in words: the objects to apply, the arithmetic, and why the others were rejected."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

import yaml

from fairlead.fleet.capacity_plan import CapacityPlan, FleetProposal, RejectedConfiguration
from fairlead.objects import plan_manifests


def as_yaml(planned: CapacityPlan, name: str, source: str) -> str:
    """The proposal to apply, its arithmetic as comments."""
    if planned.best is None:
        return _nothing(planned)
    comments = "\n".join(f"# {line}" for line in planned.best.arithmetic)
    manifest = yaml.safe_dump(plan_manifests.deployment(name, source, planned.best), sort_keys=False)
    return f"{comments}\n{manifest}".rstrip()


def as_text(planned: CapacityPlan, name: str, source: str) -> str:
    """For people: the summary first, then what to apply, then the others."""
    best = planned.best
    if best is None:
        return _nothing(planned)
    others = "\n".join(f"  {place}. {_lost(one)}" for place, one in enumerate(planned.runners_up, start=2))
    return (
        f"{best.replicas} x ({best.configuration.words}): {_money(best)}\n\n"
        f"{as_yaml(planned, name, source)}\n\n"
        f"Runners-up:\n{others or '  none: nothing else keeps the objectives'}\n"
        f"Left out: {_left_out(planned)}"
    )


def as_json(planned: CapacityPlan, name: str, source: str) -> str:
    """Everything, as values."""
    manifest = plan_manifests.deployment(name, source, planned.best) if planned.best else None
    return json.dumps({"manifest": manifest, **asdict(planned)}, indent=1)


RENDER: Final[Mapping[str, Callable[[CapacityPlan, str, str], str]]] = {
    "text": as_text,
    "yaml": as_yaml,
    "json": as_json,
}


def _money(proposal: FleetProposal) -> str:
    return f"{proposal.cost_per_hour:.2f} USD an hour, {proposal.cost_per_thousand_tokens:.5f} USD per 1,000 tokens"


def _lost(one: RejectedConfiguration) -> str:
    money = f", {_money(one.proposal)}" if one.proposal else ""
    return f"{one.configuration.words}{money}\n     {one.because}"


def _left_out(planned: CapacityPlan) -> str:
    reasons = [one.reason.value for one in planned.others]
    return ", ".join(f"{reasons.count(reason)} {reason}" for reason in sorted(set(reasons))) or "nothing"


def _nothing(planned: CapacityPlan) -> str:
    """The most useful rejections: those that came nearest to keeping the objectives."""
    order = sorted(planned.others, key=lambda one: (one.reason.value != "MissesObjective", one.configuration.words))
    nearest = "\n".join(f"  {one.configuration.words}: {one.because}" for one in order[:8])
    return f"nothing in the catalogue keeps these objectives; the nearest:\n{nearest}\nLeft out: {_left_out(planned)}"
