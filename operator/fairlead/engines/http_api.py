"""What an engine's HTTP server has beyond OpenAI's API: port, pages, headers, metrics, and the shape of its errors.

Routers, the controller and the autoscaler use only these facts to talk to an engine, and no names of their own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import msgspec

from fairlead.documents import typed_json
from fairlead.fleet.light_dataclass import light


@light
class QuickLoad:
    """The figures of one scrape; several engines in one pod are summed, and the fullest cache counts."""

    running: float
    waiting: float
    kv_usage: float
    kv_tokens: int | None
    """Tokens that the KV cache holds; None if the page does not say."""
    kv_by_blocks: bool = False
    """Whether these are only its blocks times their length, which is wrong where layers keep different tokens."""


class EngineErrorClass(Enum):
    """What failed, and whether another engine may help."""

    PASS_ON = auto()
    """The client's request is at fault, or nothing is."""
    BUSY = auto()
    """The engine is healthy and full: another may have room."""
    LEAVING = auto()
    """The engine drains: it finishes its requests, and did not accept this one."""
    DYING = auto()
    """The engine ended during this request."""
    FAILED = auto()
    """The engine failed: the client gets the error, and the breaker counts it."""


def never_lost(_status: int, _body: bytes, _name: str) -> bool:
    """Return false: an engine of this kind keeps the adapters that it started with."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorShapes:
    """How an engine's errors are recognized."""

    begins_with_error: Callable[[bytes], bool]
    """Whether a stream with status 200 begins with an error: the client has received no token yet."""
    error_class: Callable[[int, bytes], EngineErrorClass]
    """Classifies an error by its status and body."""
    held_back: frozenset[int] = frozenset()
    """Statuses below 500 that may not be meant for a client, so that the whole response is read first."""
    lost_adapter: Callable[[int, bytes, str], bool] = never_lost
    """Whether an error, by its status and body, says that the engine does not have the adapter of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokenizer:
    """How an engine with a route for it counts a prompt's tokens."""

    path: bytes
    """Accepts the bodies of chat and completion requests unchanged."""
    count: Callable[[bytes], int | None]
    """Returns the number of tokens in its reply; None for a reply that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterRequests:
    """How a request names a LoRA adapter, for an engine that does not take the adapter's name as the model."""

    paths: frozenset[bytes]
    """Routes that take an adapter; on any other the engine would respond as the base model."""
    members: Callable[[str, str | None], Mapping[str, bytes]]
    """Members of a body, as JSON, from the names of the base model and the adapter; None: the base model is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepEndpoints:
    """The POST endpoints that put an engine to sleep and wake it."""

    sleep: str
    wake: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterEndpoints:
    """The POST endpoints that load and unload an adapter of a running engine, and the members of their bodies."""

    load: str
    unload: str
    name: str
    folder: str
    """Where the adapter's files are; only to load it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityMember:
    """The member of a body that carries a tenant's rank, where an engine does not read a header."""

    name: str
    paths: frozenset[bytes]
    """Routes whose bodies have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """What names a request inside the engine: in a client's hand it would reach the requests of others."""

    members: frozenset[str] = frozenset()
    """Members of a body."""
    headers: tuple[bytes, ...] = ()
    """How such headers begin."""


NO_LIMITS: Final = ClientLimits()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HttpApi:
    """One kind of engine as its clients see it; what it lacks is absent."""

    provider: str
    """Its name in traces, as OpenTelemetry's `gen_ai.provider.name` spells it."""
    port: int
    """For requests and metrics alike."""
    metrics_path: str
    models_path: str
    quick_load: Callable[[bytes], QuickLoad | None]
    """Reads the figures that a router takes from a metrics page each second; None for a page without them."""
    errors: ErrorShapes
    tokenizer: Tokenizer | None = None
    priority_header: bytes | None = None
    """Carries a tenant's rank, 0 first."""
    priority_member: PriorityMember | None = None
    """Carries it too, on some routes."""
    never_from_clients: ClientLimits = NO_LIMITS
    """Left out of requests, whoever sends them."""
    sleep: SleepEndpoints | None = None
    adapters: AdapterRequests | None = None
    """None: `model` names an adapter, as it names the base model."""
    hot_adapters: AdapterEndpoints | None = None
    """None: Fairlead loads no adapters into it while it runs."""
    hidden: frozenset[bytes] = frozenset()
    """Routes below `/v1/` that are not for clients."""
    usage_by_prompt: bool = False
    """Whether a stream of completions to several prompts has a usage event for each of them, and none for all."""
    unsalted: frozenset[bytes] = frozenset()
    """Routes for text that take no `cache_salt`: tenants would hit each other's prefixes there."""
    salts_all: bool = False
    """Whether every route that takes JSON takes a `cache_salt`, or ignores it."""


class _Count(msgspec.Struct):
    count: int


_COUNT: Final = typed_json.reader(_Count)


def token_count(page: bytes) -> int | None:
    """Return the number of tokens in a `/tokenize` reply, which also lists every token."""
    try:
        count = _COUNT(page).count
    except ValueError:
        return None
    return count if count >= 0 else None
