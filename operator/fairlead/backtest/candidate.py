"""A deployment as it can be played: engines by its own command, replicas by its own policy; or why it cannot be.

The engine is sized and timed by what `fairlead engine` would make of the same command, so that a played deployment and
an emulated one on a node are the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from fairlead.backtest.baselines import Baseline
from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.provision import CannotStart, EmulatedMachine, EngineProvision
from fairlead.emulator.packaged_data import PackagedData
from fairlead.emulator.vllm import command
from fairlead.emulator.vllm.command import ParserExit
from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.gateways import Balancing, DeploymentRouter, DesiredDeployment, RoutingSettings
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy
from fairlead.review import engine_timing
from fairlead.review.result import Review
from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.engine.settings import EngineSettings, SpeculationSettings
from fairlead.simulator.virtual_fleet.cold_starts import ColdStartDistribution

KINDS: Final = (EngineKind.VLLM, EngineKind.SIMULATED)
"""Whose scheduler the engine model has."""
NO_POLICY: Final = ScalingPolicy()
BALANCING: Final = Balancing()
ROUTING: Final = RoutingSettings()


class UnplayableReason(StrEnum):
    """Why a deployment cannot be played."""

    REFUSED = "Refused"
    """Admission refuses it."""
    NO_ENGINE_MODEL = "NoEngineModel"
    """Nothing measured says how fast this engine or this processor is."""
    SHAPE_UNKNOWN = "ShapeUnknown"
    PRODUCT_UNKNOWN = "ProductUnknown"
    POLICY_MISSING = "PolicyMissing"
    CANNOT_START = "CannotStart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplayable:
    """A deployment that cannot be played."""

    name: str
    reason: UnplayableReason
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A deployment as it can be played."""

    name: str
    settings: EngineSettings
    times: StepTimes
    ranks: int
    """Data-parallel ranks of one replica."""
    gpus: int
    """Of one replica."""
    price_an_hour: float | None
    """USD of one GPU; None: no price is known."""
    replicas: int | ReplicaBounds
    policy: ScalingPolicy
    routers: int
    notes: tuple[str, ...]
    """Where the step times come from, and what is assumed."""
    cold_starts: ColdStartDistribution | None = None
    """Of its replicas, where they were measured; None: as long as the policy assumes."""
    baseline: Baseline | None = None
    """Who decides instead of the product; None: the product."""
    balancing: Balancing = BALANCING
    """How routers choose among replicas."""
    routing: RoutingSettings = ROUTING
    """The settings of its routers, where their queue is played."""
    in_turn: bool = False
    """Requests go to replicas in turn, as a Service without a router sends them."""
    answered_elsewhere: float = 0.0
    """Share of requests that a response cache answers, so that no engine sees them."""
    in_force: bool = False
    """What runs now, beside what may replace it: to compare with."""
    what_if: str = ""
    """How it differs from what the files say; empty: it does not."""

    def under(self, baseline: Baseline) -> "Candidate":
        """The same replicas, scaled as another project ships it."""
        words = f"scaled by {baseline.words}"
        return replace(self, name=f"{self.name}, {baseline.name}", baseline=baseline, notes=(words, *self.notes))

    def starting(self, cold_starts: ColdStartDistribution, words: str) -> "Candidate":
        """The same replicas, which take as long to start as others of theirs took."""
        return replace(self, cold_starts=cold_starts, notes=(*self.notes, words))

    def fixed(self, replicas: int) -> "Candidate":
        """The same replicas, and always so many."""
        return replace(self, name=f"{self.name}, static {replicas}", replicas=replicas)


def candidate(
    review: Review, desired: DesiredDeployment, policy: ScalingPolicy | None, packaged: PackagedData
) -> Candidate | Unplayable:
    """The deployment that was reviewed; `policy` is the one that it names, where its file was given."""
    unplayable = _hindrance(review, desired, policy)
    if unplayable is not None:
        return unplayable
    setup, engine = review.setup, review.engine
    assert setup is not None
    assert engine is not None
    launch = engine.launch(setup, engine_timing.of(review))
    try:
        made = _provision(launch.command, setup, packaged)
    except (CannotStart, ParserExit) as problem:
        return Unplayable(name=review.name, reason=UnplayableReason.CANNOT_START, because=str(problem))
    door = desired.door
    assert setup.accelerator is not None
    return Candidate(
        name=review.name,
        settings=made.settings,
        times=made.times,
        ranks=made.engines,
        gpus=desired.wanted.gpus_per_replica,
        price_an_hour=setup.accelerator.price_an_hour,
        replicas=desired.replicas,
        policy=policy or NO_POLICY,
        routers=(door.pods.replicas if isinstance(door, DeploymentRouter) else None) or 2,
        notes=tuple(_notes(made)),
        routing=door.routing if isinstance(door, DeploymentRouter) else ROUTING,
    )


def _notes(made: EngineProvision) -> Iterator[str]:
    """What the engine would say of itself, and what is assumed where nobody measured it."""
    if made.settings.speculation is not None:
        yield assumed_acceptance(made.settings.speculation)
    yield from (note.removeprefix("INFO (simulated) ") for note in made.notes)


def assumed_acceptance(speculation: SpeculationSettings) -> str:
    """How often drafted tokens are taken to be accepted, and where to say it better."""
    share = speculation.acceptance[0]
    return (
        f"{share:.0%} of drafted tokens are accepted, which is assumed; give --what-if acceptance=, as you measured it"
    )


def _hindrance(review: Review, desired: DesiredDeployment, policy: ScalingPolicy | None) -> Unplayable | None:
    """What can be seen before the engine is sized."""
    name, setup = review.name, review.setup
    wanted, bounds = desired.wanted, desired.replicas
    if review.refusals:
        first = review.refusals[0]
        because = f"{first.field}: {first.because}; {first.remedy}"
        return Unplayable(name=name, reason=UnplayableReason.REFUSED, because=because)
    if wanted.engine.kind not in KINDS or wanted.cpu is not None:
        because = f"what is played is {' and '.join(KINDS)} on GPUs; of others no speed was measured"
        return Unplayable(name=name, reason=UnplayableReason.NO_ENGINE_MODEL, because=because)
    if setup is None or setup.shape is None:
        because = f"the shape of {wanted.model.source.location} is not known: state spec.model.shape or --config-json"
        return Unplayable(name=name, reason=UnplayableReason.SHAPE_UNKNOWN, because=because)
    if setup.accelerator is None:
        because = f"{wanted.product} is not in the catalogue: describe it with --products FILE"
        return Unplayable(name=name, reason=UnplayableReason.PRODUCT_UNKNOWN, because=because)
    if policy is None and isinstance(bounds, ReplicaBounds) and bounds.policy is not None:
        because = f"its policy {bounds.policy} is in none of the files: give that one too"
        return Unplayable(name=name, reason=UnplayableReason.POLICY_MISSING, because=because)
    return None


def _provision(words: Sequence[str], setup: EngineSetup, packaged: PackagedData) -> EngineProvision:
    """By the catalogue with this model's own shape and this GPU as the user describes it."""
    after = words.index("--") + 1 if "--" in words else 0
    served = command.read(words[after:])
    catalogue = packaged.catalogue
    assert setup.shape is not None
    assert setup.accelerator is not None
    shapes = {**catalogue.shapes, served.model: setup.shape}
    accelerators = {**catalogue.accelerators, setup.wanted.product: setup.accelerator}
    described = replace(packaged, catalogue=replace(catalogue, shapes=shapes, accelerators=accelerators))
    machine = EmulatedMachine(setup.wanted.product, setup.wanted.gpus_per_replica)
    return provision.provide(served, machine, EmulationKnobs(), described)
