"""Amounts whose unit was probably forgotten: Kubernetes counts a bare number as bytes, or as whole cores. Pure."""

from collections.abc import Iterator
from typing import Final

from fairlead.fleet.accelerators import MIB
from fairlead.fleet.container_resources import ContainerResources, ResourceAmounts
from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment
from fairlead.objects import quantities
from fairlead.review.result import AdmissionReason

MAX_CORES: Final = 1024
"""More than any node has."""


def of_deployment(deployment: DesiredDeployment) -> Iterator[SpecWarning]:
    """Warn of amounts of its engines, and of its own routers."""
    yield from of_container(deployment.revision.resources, "spec")
    yield from _of_bytes("spec.storage.sharedMemory", deployment.revision.storage.shared_memory_bytes)
    if isinstance(deployment.router, DeploymentRouter):
        yield from of_container(deployment.router.pods.resources, "spec.router")


def of_container(resources: ContainerResources, above: str) -> Iterator[SpecWarning]:
    """Warn of the amounts of one container."""
    yield from _of_amounts(resources.requests, f"{above}.resources.requests")
    yield from _of_amounts(resources.limits, f"{above}.resources.limits")


def _of_amounts(amounts: ResourceAmounts, above: str) -> Iterator[SpecWarning]:
    cores = (amounts.cpu_millis or 0) // 1000
    if cores > MAX_CORES:
        yield SpecWarning(
            field=f"{above}.cpu",
            value=str(cores),
            reason=AdmissionReason.UNIT_MISSING,
            because="a number without a unit counts whole cores, and no node has so many",
            remedy=f"write {cores}m for {cores / 1000:g} cores",
        )
    yield from _of_bytes(f"{above}.memory", amounts.memory_bytes)
    yield from _of_bytes(f"{above}.ephemeral-storage", amounts.ephemeral_storage_bytes)


def _of_bytes(field: str, size: int | None) -> Iterator[SpecWarning]:
    if size is not None and 0 < size < MIB:
        yield SpecWarning(
            field=field,
            value=quantities.of_bytes(size),
            reason=AdmissionReason.UNIT_MISSING,
            because="this is less than 1 MiB: a number without a unit counts bytes",
            remedy="write the unit, for instance 64Gi",
        )
