"""The review of one object, as a value: its refusals, its warnings, and the memory fit."""

from dataclasses import dataclass, replace

from fairlead.engines.engine import EngineDescription
from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.desired_state import DesiredDrain
from fairlead.fleet.findings import FindingReason, SpecRefusal, SpecWarning
from fairlead.fleet.fit import Fit, NoFit
from fairlead.fleet.gateways import DeploymentRouter, DesiredGateway, GatewayReference
from fairlead.review.references import Reference


class AdmissionReason(FindingReason):
    """Why an object is refused or warned of, beyond the reasons of reading and of the engine."""

    NO_SUCH_KIND = "NoSuchKind"
    NO_NAME = "NoName"
    DOES_NOT_FIT = "DoesNotFit"
    FIT_IS_TIGHT = "FitIsTight"
    FIT_UNKNOWN = "FitUnknown"
    PRODUCT_UNKNOWN = "ProductUnknown"
    PART_DIFFERS = "PartDiffers"
    """The product and the resource name different slices of a GPU."""
    FOLDER_TAKEN = "FolderTaken"
    """An adapter's name is a path in the folder of another one."""
    PARTS_JOINED = "PartsJoined"
    """A model is to be spread over slices of GPUs."""
    NOT_SERVED = "NotServed"
    NOT_ENFORCED = "NotEnforced"
    NOT_ALLOWED = "NotAllowed"
    """The gateway does not let deployments of this namespace join."""
    NO_SUCH_NAME = "NoSuchName"
    REPEATED = "Repeated"
    BAD_EXPRESSION = "BadExpression"
    NOT_AVAILABLE = "NotAvailable"
    """This release does not support it; a later one will."""
    REFUSED_BY_KUBERNETES = "RefusedByKubernetes"
    """No pod can be created with it."""
    TOO_LITTLE_MEMORY = "TooLittleMemory"
    """A memory limit above which the kernel would kill the container."""
    UNIT_MISSING = "UnitMissing"
    """An amount that makes sense only with a unit that it does not have."""
    TAG_MOVES = "TagMoves"
    """An image that is another one tomorrow."""
    TOO_FEW_REPLICAS = "TooFewReplicas"
    ABOVE_ITS_REPLICAS = "AboveItsReplicas"
    """More traffic than the share of the replicas that would answer it."""
    TOO_FEW_ITEMS = "TooFewItems"
    """An evaluation too small for a canary's margin."""
    WITHOUT_EVALUATION = "WithoutEvaluation"
    """A gate without an evaluation, or an evaluation that no gate uses."""
    NOTHING_JUDGED = "NothingJudged"
    """A canary without a gate."""
    SHAPE_CONTRADICTS = "ShapeContradicts"
    DRAFT_TOO_LARGE = "DraftTooLarge"
    PULLED_EVERYWHERE = "PulledEverywhere"
    """No label chooses the nodes that pull images in advance."""
    NEVER_REACHED = "NeverReached"
    """Another time always ends first."""
    OPEN_TO_ALL = "OpenToAll"
    """Clients outside the cluster reach the routers, which ask for no key."""
    NOTHING_TO_SPEND = "NothingToSpend"
    """A budget of 0."""
    ORDER_UNREADABLE = "OrderUnreadable"
    """An annotation that is to be an order to a canary."""
    DEPRECATED = "Deprecated"
    """A field under its old name."""
    ONE_NODE_ONLY = "OneNodeOnly"
    """A volume that replicas on several nodes cannot mount."""
    PLAIN_HTTP = "PlainHttp"
    """One side sends or takes plain HTTP, and the other expects TLS."""
    CUTS_STREAMS = "CutsStreams"
    """Gateways end a request before routers do."""
    SHORTER_THAN_COLD_START = "ShorterThanColdStart"
    BELOW_ONE_STEP = "BelowOneStep"
    """No engine on this GPU can be that fast."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """The review of one object."""

    kind: str
    namespace: str = ""
    name: str = ""
    refusals: tuple[SpecRefusal, ...] = ()
    warnings: tuple[SpecWarning, ...] = ()
    fit: Fit | NoFit | None = None
    engine: EngineDescription | None = None
    setup: EngineSetup | None = None
    """The setup that the engine would start with; None if the object could not be read."""
    drain: DesiredDrain | None = None
    progress_deadline_seconds: int = 0
    """Of its rollout: a start may take as long, however little its weights should take."""
    router: DeploymentRouter | GatewayReference | None = None
    """Its own router, or the gateway that routes to it."""
    gateway: DesiredGateway | None = None
    """Set for a gateway that could be read."""
    first_token_seconds: float | None = None
    """The time-to-first-token objective, if the deployment's policy is known and has one."""
    named: tuple[Reference, ...] = ()
    """Every other object that it names; empty if it cannot be read."""

    @property
    def ranks(self) -> int:
        """Ranks of a replica with a batch and a KV cache each; the fit is that of one."""
        if self.setup is None or self.engine is None:
            return 1
        return self.setup.revision.parallelism.data * self.engine.memory_settings(self.setup).attention_ranks

    @property
    def replica_sequences(self) -> int | None:
        """Most requests that one replica runs at once; None if the spec does not limit them."""
        limit = self.setup.engine.max_sequences if self.setup else None
        return None if limit is None else limit * self._batches

    @property
    def replica_concurrency(self) -> int | None:
        """The same, by the engine's default for this GPU if the spec has none; None for an unknown GPU."""
        if self.setup is None or self.engine is None or self.setup.engine.max_sequences is not None:
            return self.replica_sequences
        if self.setup.accelerator is None:
            return None
        usual = self.engine.memory(self.setup.engine.version).batch(self.setup.accelerator).sequences
        return usual * self.engine.memory_settings(self.setup).batch_factor * self._batches

    @property
    def _batches(self) -> int:
        """How many batches of a replica the limit of one holds for; ranks may divide it instead."""
        if self.setup is None or self.engine is None:
            return 1
        divided = self.engine.memory(self.setup.engine.version).spread.divides_batch
        return self.setup.revision.parallelism.data if divided else self.ranks

    @property
    def replica_fit(self) -> Fit | None:
        """The fit with tokens and requests of all ranks; None if it does not fit, or was not sized."""
        if not isinstance(self.fit, Fit):
            return None
        tokens, sequences = self.fit.kv_tokens.times(self.ranks), self.fit.sequences.times(self.ranks)
        return replace(self.fit, kv_tokens=tokens, sequences=sequences)
