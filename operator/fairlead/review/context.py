"""The inputs of a review beyond the object itself: the catalogue, engine releases, configurations, other objects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from fairlead.engines import catalogue as engines
from fairlead.fleet import accelerators
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.desired_state import DesiredRevision, EngineKind, EngineRelease, ModelSource, SourceScheme
from fairlead.fleet.gateways import DesiredGateway
from fairlead.fleet.policies import ScalingPolicy
from fairlead.fleet.shapes import ModelShape
from fairlead.objects import engine_placement
from fairlead.review import stated_shapes
from fairlead.sizing import checkpoint
from fairlead.sizing.catalogue import Catalogue
from fairlead.sizing.families import MissingFact


class ObjectKey(NamedTuple):
    """An object by kind, namespace and name."""

    kind: str
    namespace: str
    name: str


class ItemCount(NamedTuple):
    """How large an evaluation's set is, and has to be."""

    items: int
    least: int
    """Its spec.minItems."""


@dataclass(frozen=True, kw_only=True)
class ReviewContext:
    """All other inputs of a review, read beforehand."""

    catalogue: Catalogue
    releases: Mapping[EngineKind, EngineRelease] = field(default_factory=engines.releases)
    configs: Mapping[str, str] = field(default_factory=dict)
    """The text of a model's `config.json`, by the model's location, if it could be read."""
    objects: frozenset[ObjectKey] | None = None
    """All objects that a reference may name (ours, Secrets, ConfigMaps, PersistentVolumeClaims); None: they were not
    read, and references are not checked."""
    policies: Mapping[ObjectKey, ScalingPolicy] = field(default_factory=dict)
    """Policies that deployments may name, as far as they were read."""
    gateways: Mapping[ObjectKey, DesiredGateway] = field(default_factory=dict)
    """Gateways that deployments may name, as far as they were read."""
    evaluations: Mapping[ObjectKey, ItemCount] = field(default_factory=dict)
    """How many items the evaluations that canaries may name have and need, as far as known."""
    time_zones: frozenset[str] | None = None
    """The names in this machine's time zone database; None: any well-formed name is accepted."""
    assigned_users: bool = False
    """The cluster assigns every pod its user and groups; no finding depends on it."""

    def shape(self, source: ModelSource, stated: Mapping[str, int]) -> ModelShape | MissingFact:
        """Return the model's shape from its `config.json`, else the catalogue, with the numbers that the spec states.

        A model that neither describes needs all numbers from the spec; none is guessed.
        """
        described = self._described(source)
        numbers = {name: number for name, number in stated.items() if name != "parameters"}
        if not numbers:
            return described
        if isinstance(described, MissingFact):
            return stated_shapes.alone(source.location, numbers)
        return stated_shapes.replaced(described, numbers)

    def _described(self, source: ModelSource) -> ModelShape | MissingFact:
        if source.location in self.configs:
            return checkpoint.read(source.location, self.configs[source.location])
        if source.scheme is SourceScheme.HUB and source.location in self.catalogue.shapes:
            return self.catalogue.shapes[source.location]
        same = next((one for one in self.catalogue.shapes if one.lower() == source.location.lower()), None)
        meant = f"; did you mean {same}?" if same else ""
        return self.catalogue.missing.get(source.location) or MissingFact(
            f"{source.location} is not in the catalogue: set spec.model.shape, or give its config.json{meant}"
        )

    def accelerator(self, product: str) -> Accelerator | None:
        """Return the GPU that a product label names."""
        return self.catalogue.accelerators.get(product)

    def gpu_of(self, revision: DesiredRevision) -> Accelerator | None:
        """Return the GPU, or part of one, that a replica computes on; None if it is not in the catalogue."""
        return self.accelerator(engine_placement.gpu_product(revision))

    def accelerator_of(self, revision: DesiredRevision) -> Accelerator | None:
        """Return what a replica computes on: a GPU of the catalogue, or as much of a processor as the spec sets."""
        return self.gpu_of(revision) if revision.cpu is None else accelerators.cpu(revision.cpu.memory_bytes)
