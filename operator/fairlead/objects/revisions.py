"""The name of a revision: a hash of all fields of the spec that change an engine pod.

It hashes what the spec sets, without filled-in defaults. A later release may add fields with defaults, or start a newer
engine if the spec names none, and its installation must not restart a fleet.
"""

from typing import Any, Final

from fairlead.api.deployment import InferenceDeploymentSpec
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.objects.manifest import fingerprint
from fairlead.objects.names import REVISION_DIGITS

_PARTS: Final = frozenset(
    {"model", "engine", "accelerator", "parallelism", "resources", "placement", "pod_metadata", "storage", "drain"}
)
"""Counts, rollout, router and gateway are absent: they change without a restart of any engine."""


def of(spec: InferenceDeploymentSpec) -> str:
    """Return eight hex digits; equal for all specs that set the same fields of an engine pod to the same values."""
    written = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True, include=set(_PARTS))
    return fingerprint(_without_idle_words(written, spec), REVISION_DIGITS)


def _without_idle_words(written: dict[str, Any], spec: InferenceDeploymentSpec) -> dict[str, Any]:
    """Drop fields that change no pod: the GPU count, which parallelism gives, and speculation that is off."""
    accelerator = {key: value for key, value in written["accelerator"].items() if key != "count"}
    engine = dict(written.get("engine", {}))
    if spec.engine.speculation.method is SpeculationMethod.OFF:
        engine.pop("speculation", None)
    parts = {**written, "accelerator": accelerator, "engine": engine}
    return {name: part for name, part in parts.items() if part}
