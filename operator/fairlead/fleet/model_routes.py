"""How a gateway routes the models that clients name: which deployment answers a request, and what comes next.

A target is named as in a router's file: `namespace/name` for a deployment, `external/name` for another API.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from fairlead.fleet.desired_state import SecretKey

EXTERNAL = "external/"
"""Prefix of the names of targets outside the cluster; no namespace may have this name."""


class RouteStrategy(StrEnum):
    """How a target is chosen for a request."""

    SINGLE = "Single"
    WEIGHTED = "Weighted"
    RULES = "Rules"
    CASCADE = "Cascade"


class Difficulty(StrEnum):
    """How hard a request is estimated to be."""

    EASY = "Easy"
    HARD = "Hard"


class AnswerCheck(StrEnum):
    """How an answer is found good enough or not."""

    JSON_SCHEMA = "JsonSchema"
    PATTERN = "Pattern"
    CONFIDENCE = "Confidence"
    NO_REFUSAL = "NoRefusal"
    MIN_LENGTH = "MinLength"
    NOT_EMPTY = "NotEmpty"


class FallbackReason(StrEnum):
    """Why a request goes to the next target of a chain."""

    UNAVAILABLE = "Unavailable"
    """No replica serves, or all attempts at replicas failed."""
    QUEUE_FULL = "QueueFull"
    """Refused for overload: the queue is full, or its time limit would be missed."""
    TIMEOUT = "Timeout"
    """No first byte in time."""
    ENGINE_ERROR = "EngineError"
    """The engine answered with a 5xx."""
    CONTEXT_TOO_LONG = "ContextTooLong"


class InvalidAnswerAction(StrEnum):
    """What happens to a structured output that violates its schema."""

    COUNT = "Count"
    """It is passed on and counted."""
    RETRY = "Retry"
    """It is sent to the same target once more, with the error in the conversation."""
    ESCALATE = "Escalate"
    """It is sent to the next target of the route's chain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedTarget:
    """A target and its share of the requests."""

    target: str
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestConditions:
    """Conditions on a request; all that are set must hold."""

    difficulty: Difficulty | None = None
    min_prompt_tokens: int | None = None
    max_prompt_tokens: int | None = None
    min_output_tokens: int | None = None
    max_output_tokens: int | None = None
    structured_output: bool | None = None
    tools: bool | None = None
    tenants: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    """Values of `x-fairlead-task`."""
    expression: str | None = None
    """In a subset of CEL, over the same facts; checked at admission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRule:
    """One rule of a table; the first that holds decides."""

    name: str
    when: RequestConditions
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeSettings:
    """Smaller models first; the next target answers if an answer fails the check."""

    targets: tuple[str, ...]
    check: AnswerCheck
    min_confidence: float | None = None
    pattern: str | None = None
    min_characters: int | None = None
    refusal_words: tuple[str, ...] = ()
    """In addition to the built-in ones."""
    max_extra_share: float = 1.0
    """Most escalations as a share of this route's requests over a minute; above it the answer at hand is returned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackChain:
    """Targets that answer if the chosen one cannot, in order."""

    targets: tuple[str, ...]
    reasons: frozenset[FallbackReason] = frozenset((FallbackReason.UNAVAILABLE,))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowCopy:
    """A share of the requests is also sent to another target; its answers are compared but never returned."""

    target: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRoute:
    """A model as clients name it."""

    name: str
    strategy: RouteStrategy = RouteStrategy.SINGLE
    target: str | None = None
    """For Single, and for Rules if no rule holds."""
    weighted: tuple[WeightedTarget, ...] = ()
    rules: tuple[RouteRule, ...] = ()
    cascade: CascadeSettings | None = None
    fallback: FallbackChain | None = None
    shadow: ShadowCopy | None = None
    cache: bool | None = None
    """Whether its answers are cached; None: as the gateway's cache says."""
    on_invalid: InvalidAnswerAction = InvalidAnswerAction.COUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPrices:
    """An external API's prices for a million tokens."""

    prompt: Decimal = Decimal(0)
    cached: Decimal | None = None
    """None: as `prompt`."""
    output: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalTarget:
    """An OpenAI-compatible API outside the cluster."""

    name: str
    """Begins with `external/`."""
    url: str
    """The base URL as its clients write it, for instance https://api.example.com/v1."""
    model: str
    """The API's own name for the model."""
    key: SecretKey | None = None
    prices: TokenPrices = TokenPrices()
    max_concurrency: int = 64
    """Most concurrent requests from one router."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRoutes:
    """All models of one gateway."""

    routes: tuple[ModelRoute, ...] = ()
    externals: tuple[ExternalTarget, ...] = ()
