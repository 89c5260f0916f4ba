"""A deployment that can be played, with engines by its own command and replicas by its own policy; or why not.

The engine is sized and timed like `fairlead engine` with the same command, so that a played deployment equals one
emulated on a node.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from fairlead.backtest.baselines import Baseline
from fairlead.emulator import dialects
from fairlead.emulator.command_line import InvalidCommandLine
from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.provision import CannotStart, EmulatedMachine, EngineProvision
from fairlead.emulator.packaged_data import PackagedData
from fairlead.engines.catalogue import ENGINES
from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.gateways import Balancing, DeploymentRouter, DesiredDeployment, RoutingSettings
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy
from fairlead.objects import engine_placement
from fairlead.review import engine_timing
from fairlead.review.result import Review
from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.engine.settings import EngineSettings, SpeculationSettings
from fairlead.simulator.virtual_fleet.cold_starts import ColdStartDistribution

KINDS: Final = tuple(kind for kind, engine in ENGINES.items() if engine.is_played)
NO_POLICY: Final = ScalingPolicy()
BALANCING: Final = Balancing()
ROUTING: Final = RoutingSettings()
ADAPTERS: Final = (
    "adapters take their memory, and all requests are simulated as those of the base model: none loads an adapter"
)


class UnplayableReason(StrEnum):
    """Why a deployment cannot be played."""

    REFUSED = "Refused"
    """Admission refuses it."""
    NO_ENGINE_MODEL = "NoEngineModel"
    """No measurement says how fast this engine or this processor is."""
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
    """A deployment that can be played."""

    name: str
    settings: EngineSettings
    times: StepTimes
    ranks: int
    """Data-parallel ranks of one replica."""
    gpus: int
    """GPUs of one replica."""
    price_an_hour: float | None
    """USD for one GPU; None: no price is known."""
    replicas: int | ReplicaBounds
    policy: ScalingPolicy
    routers: int
    notes: tuple[str, ...]
    """The source of the step times, and what is assumed."""
    cold_starts: ColdStartDistribution | None = None
    """Measured cold starts of its replicas; None: as long as the policy assumes."""
    baseline: Baseline | None = None
    """The autoscaler in place of the product's; None: the product's."""
    balancing: Balancing = BALANCING
    """How routers choose among replicas."""
    routing: RoutingSettings = ROUTING
    """The settings of its routers, if their queue is played."""
    in_turn: bool = False
    """Requests go to replicas in turn, as through a Service without a router."""
    answered_elsewhere: float = 0.0
    """Share of requests that a response cache answers, so that they reach no engine."""
    in_force: bool = False
    """Whether it runs now, and is compared with what may replace it."""
    what_if: str = ""
    """How it differs from the files; empty: it does not."""

    def under(self, baseline: Baseline) -> "Candidate":
        """Return the same replicas under another project's autoscaler."""
        words = f"scaled by {baseline.words}"
        return replace(self, name=f"{self.name}, {baseline.name}", baseline=baseline, notes=(words, *self.notes))

    def starting(self, cold_starts: ColdStartDistribution, words: str) -> "Candidate":
        """Return the same replicas with cold starts as measured on earlier ones."""
        return replace(self, cold_starts=cold_starts, notes=(*self.notes, words))

    def fixed(self, replicas: int) -> "Candidate":
        """Return a fixed number of the same replicas."""
        return replace(self, name=f"{self.name}, static {replicas}", replicas=replicas)


def candidate(
    review: Review, desired: DesiredDeployment, policy: ScalingPolicy | None, packaged: PackagedData
) -> Candidate | Unplayable:
    """Return the reviewed deployment; `policy` is the one that it names, if its file was given."""
    unplayable = _why_unplayable(review, desired, policy)
    if unplayable is not None:
        return unplayable
    setup, engine = review.setup, review.engine
    assert setup is not None
    assert engine is not None
    launch = engine.launch(setup, engine_timing.of(review))
    try:
        made = _provision(launch.command, setup, packaged)
    except (CannotStart, InvalidCommandLine) as problem:
        return Unplayable(name=review.name, reason=UnplayableReason.CANNOT_START, because=str(problem))
    router = desired.router
    assert setup.accelerator is not None
    return Candidate(
        name=review.name,
        settings=made.settings,
        times=made.times,
        ranks=made.engines,
        gpus=desired.revision.gpus_per_replica,
        price_an_hour=setup.accelerator.price_an_hour,
        replicas=desired.replicas,
        policy=policy or NO_POLICY,
        routers=(router.pods.replicas if isinstance(router, DeploymentRouter) else None) or 2,
        notes=tuple(_notes(made)),
        balancing=router.routing.balancing if isinstance(router, DeploymentRouter) else BALANCING,
        routing=router.routing if isinstance(router, DeploymentRouter) else ROUTING,
    )


def _notes(made: EngineProvision) -> Iterator[str]:
    """Yield what the engine would log, and what is assumed without measurements."""
    if made.settings.speculation is not None:
        yield assumed_acceptance(made.settings.speculation)
    if made.settings.adapter_slots:
        yield ADAPTERS
    yield from (note.removeprefix("INFO (simulated) ") for note in made.notes)


def assumed_acceptance(speculation: SpeculationSettings) -> str:
    """State the assumed acceptance of drafted tokens, and how to set it."""
    share = speculation.acceptance[0]
    return (
        f"{share:.0%} of drafted tokens are accepted, which is assumed; give --what-if acceptance=, as you measured it"
    )


def _why_unplayable(review: Review, desired: DesiredDeployment, policy: ScalingPolicy | None) -> Unplayable | None:
    """Check what shows before the engine is sized."""
    name, setup = review.name, review.setup
    revision, bounds = desired.revision, desired.replicas
    if review.refusals:
        first = review.refusals[0]
        because = f"{first.field}: {first.because}; {first.remedy}"
        return Unplayable(name=name, reason=UnplayableReason.REFUSED, because=because)
    if revision.engine.kind not in KINDS or revision.cpu is not None:
        because = f"only {' and '.join(KINDS)} on GPUs; the speed of others was not measured"
        return Unplayable(name=name, reason=UnplayableReason.NO_ENGINE_MODEL, because=because)
    if setup is None or setup.shape is None:
        because = f"the shape of {revision.model.source.location} is not known: set spec.model.shape or --config-json"
        return Unplayable(name=name, reason=UnplayableReason.SHAPE_UNKNOWN, because=because)
    if setup.accelerator is None:
        product = engine_placement.gpu_product(revision)
        because = f"{product} is not in the catalogue: describe it with --products FILE"
        return Unplayable(name=name, reason=UnplayableReason.PRODUCT_UNKNOWN, because=because)
    if policy is None and isinstance(bounds, ReplicaBounds) and bounds.policy is not None:
        because = f"its policy {bounds.policy} is in none of the files: give that one too"
        return Unplayable(name=name, reason=UnplayableReason.POLICY_MISSING, because=because)
    return None


def _provision(words: Sequence[str], setup: EngineSetup, packaged: PackagedData) -> EngineProvision:
    """Size the engine by the catalogue, with this model's own shape and the user's GPU description."""
    after = words.index("--") + 1 if "--" in words else 0
    serve_arguments = dialects.read(words[after:], {})
    catalogue = packaged.catalogue
    assert setup.shape is not None
    assert setup.accelerator is not None
    shapes = {**catalogue.shapes, serve_arguments.model: setup.shape}
    accelerators = {**catalogue.accelerators, setup.revision.product: setup.accelerator}
    described = replace(packaged, catalogue=replace(catalogue, shapes=shapes, accelerators=accelerators))
    machine = EmulatedMachine(setup.revision.product, setup.revision.gpus_per_replica)
    return provision.provide(serve_arguments, machine, EmulationKnobs(), described)
