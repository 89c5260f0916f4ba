"""Validation rules of requests and limits: what Kubernetes would refuse in every pod, and what an accelerator sets."""

from collections.abc import Callable
from typing import Any, Final

from fairlead.api import amounts
from fairlead.api.container_resources import ResourceAmounts, Resources
from fairlead.api.deployment import InferenceDeploymentSpec
from fairlead.api.field_rule import FieldErrorReason, FieldRule
from fairlead.fleet.accelerators import CPU

_PARTS: Final = ("requests", "limits")
_DISK: Final = "ephemeral__dash__storage"
"""The field's name in CEL."""


def _request_fits(name: str, in_cel: str, amount: Callable[[ResourceAmounts], int | None]) -> FieldRule[Any]:
    request, limit = (f"self.{part}.{in_cel}" for part in _PARTS)

    def holds(resources: Resources) -> bool:
        wanted, most = amount(resources.requests), amount(resources.limits)
        return wanted is None or most is None or wanted <= most

    return FieldRule[Resources](
        on=Resources,
        field="requests",
        fault=FieldErrorReason.INVALID,
        cel=f"!has(self.requests) || !has(self.limits) || !has({request}) || !has({limit}) || "
        f"quantity(string({request})).compareTo(quantity(string({limit}))) <= 0",
        holds=holds,
        because=f"the request of {name} is above its limit, and Kubernetes refuses such a pod",
        remedy=f"lower requests.{name}, or raise limits.{name}",
    )


def _cores(some: ResourceAmounts) -> int | None:
    return None if some.cpu is None else amounts.millis(some.cpu)


def _memory(some: ResourceAmounts) -> int | None:
    return amounts.maybe_size(some.memory)


def _disk(some: ResourceAmounts) -> int | None:
    return amounts.maybe_size(some.ephemeral_storage)


def _set_by_accelerator(name: str, field: str, amount: Callable[[ResourceAmounts], int | None]) -> FieldRule[Any]:
    parts = " || ".join(f"(has(self.resources.{part}) && has(self.resources.{part}.{name}))" for part in _PARTS)
    return FieldRule[InferenceDeploymentSpec](
        on=InferenceDeploymentSpec,
        field="resources",
        fault=FieldErrorReason.FORBIDDEN,
        cel=f"self.accelerator.product != '{CPU}' || !has(self.resources) || !({parts})",
        holds=lambda it: (
            it.accelerator.product != CPU
            or (amount(it.resources.requests), amount(it.resources.limits)) == (None, None)
        ),
        because=f"with product CPU accelerator.{field} is both request and limit of {name}",
        remedy=f"remove {name} here, and set accelerator.{field}",
    )


RULES: Final[tuple[FieldRule[Any], ...]] = (
    _request_fits("cpu", "cpu", _cores),
    _request_fits("memory", "memory", _memory),
    _request_fits("ephemeral-storage", _DISK, _disk),
    _set_by_accelerator("cpu", "cores", _cores),
    _set_by_accelerator("memory", "memory", _memory),
)
