"""The name of a revision: a hash of what people wrote that changes an engine pod.

Of what they wrote, not of what became of it. A later release may add fields with defaults, or start a newer engine
where nothing is said, and must not restart a fleet by being installed.
"""

from typing import Any, Final

from fairlead.api.deployment import InferenceDeploymentSpec
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.objects.manifest import fingerprint
from fairlead.objects.names import REVISION_DIGITS

_PARTS: Final = frozenset({"model", "engine", "accelerator", "parallelism", "placement", "storage", "drain"})
"""Counts, rollout, router and gateway are absent: they change without any engine being started anew."""


def of(spec: InferenceDeploymentSpec) -> str:
    """Eight hex digits; equal for all specs that ask for the same engine pods in the same words."""
    written = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True, include=set(_PARTS))
    return fingerprint(_without_idle_words(written, spec), REVISION_DIGITS)


def _without_idle_words(written: dict[str, Any], spec: InferenceDeploymentSpec) -> dict[str, Any]:
    """Words that no pod hears: a number of GPUs that parallelism says already, and how to guess when nobody does."""
    accelerator = {key: value for key, value in written["accelerator"].items() if key != "count"}
    engine = dict(written.get("engine", {}))
    if spec.engine.speculation.method is SpeculationMethod.OFF:
        engine.pop("speculation", None)
    parts = {**written, "accelerator": accelerator, "engine": engine}
    return {name: part for name, part in parts.items() if part}
