"""On which nodes an engine pod may run, as fields of the pod's spec."""

from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from typing import Final

from fairlead.fleet.accelerators import MIB
from fairlead.fleet.desired_state import (
    NO_RESOURCE,
    WITHOUT_GPU,
    DesiredRevision,
    Toleration,
)
from fairlead.objects import container_resources, labels, pod_placement, quantities
from fairlead.objects.manifest import Manifest

PRODUCT: Final = "nvidia.com/gpu.product"
GPU: Final = "nvidia.com/gpu"

_VENDOR: Final = "nvidia.com/"
_SLICE: Final = "nvidia.com/mig-"
_SHARED: Final = ".shared"


def placement_fields(desired: DesiredRevision, revision: str) -> Manifest:
    """Return all placement fields of a pod's spec; what the deployment does not set is absent."""
    placed = replace(
        desired.placement,
        node_selector=tuple(node_selector(desired).items()),
        tolerations=tolerations(desired),
    )
    return pod_placement.fields(placed, labels.engines_of(desired.name, revision))


def node_selector(revision: DesiredRevision) -> dict[str, str]:
    """Return the labels that a node must have; the room on nodes is counted by them too."""
    return _product(revision) | dict(revision.placement.node_selector)


def tolerations(revision: DesiredRevision) -> tuple[Toleration, ...]:
    """Return the taints that a pod tolerates; the room on nodes is counted by them too.

    Nodes with accelerators usually have a taint named like the resource, as the admission plugin
    ExtendedResourceToleration expects; nodes with slices of NVIDIA's GPUs have that of whole ones. Replicas on CPU keep
    off such nodes.
    """
    if revision.cpu is not None:
        return revision.placement.tolerations
    keys = dict.fromkeys((GPU, revision.resource if revision.resource != NO_RESOURCE else GPU))
    reserved = (Toleration(key=key, operator="Exists", effect="NoSchedule") for key in keys)
    return (*reserved, *revision.placement.tolerations)


def gpu_product(revision: DesiredRevision) -> str:
    """Return the product that a replica computes on, which may be a part of a GPU; a simulated engine imitates the one
    in the spec wherever it runs."""
    if revision.cpu is not None or revision.engine.kind in WITHOUT_GPU:
        return revision.product
    return part_of(node_selector(revision).get(PRODUCT, revision.product), revision.resource)


def part_of(product: str, resource: str) -> str:
    """Return the product of which one is requested, as GPU feature discovery names it.

    A node with slices of several sizes, or with shared GPUs under a resource of their own, has the whole GPU's label.
    """
    profile = slice_named(resource)
    if profile and "-MIG-" not in product:
        product = f"{product}-MIG-{profile}"
    if resource.endswith(_SHARED) and not product.endswith("-SHARED"):
        product = f"{product}-SHARED"
    return product


def names_part(resource: str) -> bool:
    """Whether a resource is a slice of a GPU, or a share of one, whatever the product."""
    return bool(slice_named(resource)) or resource.endswith(_SHARED)


def slice_named(resource: str) -> str:
    """Return the profile of a slice that a resource names, such as 1g.10gb; empty for whole GPUs."""
    profile = resource.removesuffix(_SHARED)
    return profile.removeprefix(_SLICE) if profile.startswith(_SLICE) else ""


def request_of(product: str) -> tuple[str, str]:
    """Return the node's label and the resource by which to request this product: `part_of` the other way round."""
    whole, _, profile = product.removesuffix("-SHARED").partition("-MIG-")
    resource = f"{_SLICE}{profile}" if profile else GPU
    return whole, f"{resource}{_SHARED}" if product.endswith("-SHARED") else resource


def resources(revision: DesiredRevision, held_bytes: int) -> Manifest:
    """Return the engine container's requests and limits, as its field; absent if it has none.

    Weights and KV blocks that it holds in main memory stay there while it runs, so they are requested unless the spec
    states an amount of memory itself.

    On CPU both are the same: vLLM computes with as many threads as it has cores; the kubelet last evicts what uses no
    more memory than it requested; and a node with static CPU management then assigns it exclusive cores.
    """
    stated, held = revision.resources, _accelerator(revision)
    requests, limits = container_resources.amounts(stated.requests), container_resources.amounts(stated.limits)
    return container_resources.field(_held(held_bytes, limits) | requests | held, limits | held)


def _product(revision: DesiredRevision) -> dict[str, str]:
    """Select by GPU feature discovery's label; a resource name of another vendor already names the GPU.

    A user's own selector for the label overrides it, since shared and sliced GPUs carry variants of the product's name.
    """
    if revision.resource == NO_RESOURCE:
        return {}
    labelled = revision.resource.startswith(_VENDOR) or revision.engine.kind in WITHOUT_GPU
    return {PRODUCT: revision.product} if labelled else {}


def _accelerator(revision: DesiredRevision) -> dict[str, str]:
    if revision.cpu is not None:
        return {"cpu": str(revision.cpu.cores), "memory": quantities.of_bytes(revision.cpu.memory_bytes)}
    return {} if revision.resource == NO_RESOURCE else {revision.resource: str(revision.gpus_per_replica)}


def _held(size: int, limits: Mapping[str, str]) -> dict[str, str]:
    """Return the request for what is held in main memory, in whole MiB; with a limit alone Kubernetes requests that."""
    if not size or container_resources.MEMORY in limits:
        return {}
    return {container_resources.MEMORY: quantities.of_bytes(ceil(size / MIB) * MIB)}
