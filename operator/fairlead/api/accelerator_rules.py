"""Validation rules of an accelerator, from its own fields and the engine's kind: GPUs, or a processor."""

from typing import Any, Final

from fairlead.api.deployment import InferenceDeploymentSpec
from fairlead.api.field_rule import FieldErrorReason, FieldRule
from fairlead.api.pods import Accelerator
from fairlead.fleet.accelerators import CPU
from fairlead.fleet.desired_state import NO_RESOURCE, ON_CPU, WITHOUT_GPU, EngineKind

_WITHOUT_GPU: Final = [str(kind) for kind in EngineKind if kind in WITHOUT_GPU]
_ON_CPU: Final = [str(kind) for kind in EngineKind if kind in ON_CPU]
_ANY_CASE: Final = "self.product.matches('^(?i:cpus?)$')"
_USUAL: Final = "nvidia.com/gpu"
"""The default of `resource`; the API server writes it into every object, also for a processor, which needs none."""


def _gpus(spec: InferenceDeploymentSpec) -> int:
    return spec.parallelism.tensor * spec.parallelism.pipeline * spec.parallelism.data


def _is_misspelt(product: str) -> bool:
    return product != CPU and product.lower() in ("cpu", "cpus")


_PROCESSOR: Final[tuple[FieldRule[Any], ...]] = (
    FieldRule[Accelerator](
        on=Accelerator,
        field="product",
        fault=FieldErrorReason.INVALID,
        cel=f"self.product == '{CPU}' || !{_ANY_CASE}",
        holds=lambda it: not _is_misspelt(it.product),
        because="this product must be written in capitals",
        remedy="write CPU, and set cores and memory",
    ),
    FieldRule[Accelerator](
        on=Accelerator,
        field="cores",
        fault=FieldErrorReason.REQUIRED,
        cel=f"self.product != '{CPU}' || has(self.cores)",
        holds=lambda it: it.product != CPU or it.cores is not None,
        because="with product CPU a replica computes on as many cores as it is given, and no node label says how many",
        remedy="set accelerator.cores, for instance 4",
    ),
    FieldRule[Accelerator](
        on=Accelerator,
        field="memory",
        fault=FieldErrorReason.REQUIRED,
        cel=f"self.product != '{CPU}' || has(self.memory)",
        holds=lambda it: it.product != CPU or it.memory is not None,
        because="with product CPU weights and KV cache are in the replica's own memory, and no node label says how "
        "much",
        remedy="set accelerator.memory, for instance 8Gi",
    ),
    FieldRule[Accelerator](
        on=Accelerator,
        field="cores",
        fault=FieldErrorReason.FORBIDDEN,
        cel=f"{_ANY_CASE} || !has(self.cores)",
        holds=lambda it: it.product == CPU or _is_misspelt(it.product) or it.cores is None,
        because="cores is only for product CPU; beside a GPU cores are requested in spec.resources",
        remedy="remove cores and set resources.requests.cpu, or write product: CPU",
    ),
    FieldRule[Accelerator](
        on=Accelerator,
        field="memory",
        fault=FieldErrorReason.FORBIDDEN,
        cel=f"{_ANY_CASE} || !has(self.memory)",
        holds=lambda it: it.product == CPU or _is_misspelt(it.product) or it.memory is None,
        because="memory is only for product CPU; a GPU's own memory follows from its product, and main memory is "
        "requested in spec.resources",
        remedy="remove memory and set resources.requests.memory, or write product: CPU",
    ),
    FieldRule[Accelerator](
        on=Accelerator,
        field="count",
        fault=FieldErrorReason.FORBIDDEN,
        cel=f"self.product != '{CPU}' || !has(self.count)",
        holds=lambda it: it.product != CPU or it.count is None,
        because="count is a number of GPUs, and a replica on CPU has cores instead",
        remedy="remove count, and set cores",
    ),
    FieldRule[Accelerator](
        on=Accelerator,
        field="resource",
        fault=FieldErrorReason.FORBIDDEN,
        cel=f"self.product != '{CPU}' || !has(self.resource) || self.resource in ['{_USUAL}', '{NO_RESOURCE}']",
        holds=lambda it: it.product != CPU or it.resource in (_USUAL, NO_RESOURCE),
        because="resource names GPUs, and a replica on CPU requests none",
        remedy="remove resource",
    ),
    FieldRule[InferenceDeploymentSpec](
        on=InferenceDeploymentSpec,
        field="accelerator.product",
        fault=FieldErrorReason.INVALID,
        cel=f"self.accelerator.product != '{CPU}' || !has(self.engine) || !has(self.engine.kind) || "
        f"self.engine.kind in {_ON_CPU}",
        holds=lambda it: it.accelerator.product != CPU or it.engine.kind in ON_CPU,
        because=f"on CPU only {' and '.join(_ON_CPU)} can compute, and Simulated has only step times of GPUs",
        remedy=f"write engine.kind: {_ON_CPU[0]}; or for Simulated name a GPU and write accelerator.resource: none",
    ),
)
RULES: Final[tuple[FieldRule[Any], ...]] = (
    FieldRule[InferenceDeploymentSpec](
        on=InferenceDeploymentSpec,
        field="accelerator.resource",
        fault=FieldErrorReason.INVALID,
        cel="!has(self.accelerator.resource) || self.accelerator.resource != 'none' || "
        f"self.accelerator.product == '{CPU}' || (has(self.engine) && has(self.engine.kind) && "
        f"self.engine.kind in {_WITHOUT_GPU})",
        holds=lambda it: (
            it.accelerator.resource != NO_RESOURCE or it.accelerator.product == CPU or it.engine.kind in WITHOUT_GPU
        ),
        because="an engine that computes needs a GPU",
        remedy="remove accelerator.resource, or write engine.kind: Simulated to try without a GPU",
    ),
    FieldRule[InferenceDeploymentSpec](
        on=InferenceDeploymentSpec,
        field="accelerator.count",
        fault=FieldErrorReason.INVALID,
        cel="!has(self.accelerator.count) || self.accelerator.count == (has(self.parallelism) ? "
        "self.parallelism.tensor * self.parallelism.pipeline * self.parallelism.data : 1)",
        holds=lambda it: it.accelerator.count in (None, _gpus(it)),
        because="the GPUs of a replica must be tensor x pipeline x data of spec.parallelism",
        remedy="remove accelerator.count, or set parallelism.tensor to it",
    ),
    *_PROCESSOR,
)
