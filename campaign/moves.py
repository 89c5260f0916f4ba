"""Everything that may happen to a deployment: a closed set of moves, each small enough to be read as a line."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final


class Field(StrEnum):
    """What of a spec is edited."""

    CONTEXT = "context"
    REPLICAS = "replicas"
    STRATEGY = "strategy"
    ROUTERS = "routers"
    SEQUENCES = "sequences"
    TOLERATION = "toleration"
    SECRET = "secret"
    """1: an engine's variable comes from a Secret."""
    SCALING = "scaling"
    """0: fixed; else the most replicas."""
    POLICY_TARGET = "policy-target"
    """Of the policy, not of the deployment: requests that may wait for each replica."""
    POLICY_MODE = "policy-mode"
    BAD = "bad"
    """A setting that cannot work; see `Bad`."""


class Bad(StrEnum):
    """What cannot work, by where that shows."""

    CONTEXT = "context-too-long"
    ARGUMENT = "argument-of-a-field"
    SECRET = "secret-missing"
    PRODUCT = "product-absent"
    TOO_WIDE = "more-gpus-than-a-node"
    IMAGE = "image-missing"
    CRASH = "crash-at-start"
    NEVER_READY = "never-ready"


class EngineDeed(StrEnum):
    """What an engine does."""

    CRASH = "crash"
    HANG = "hang"
    MUTE = "mute"
    """Ready by its own word, and routers get no token out of it."""
    METRICS_NAN = "metrics-nan"
    METRICS_FROZEN = "metrics-frozen"
    METRICS_HUGE = "metrics-huge"
    CUT = "cut"
    SLOW = "slow"
    BUSY = "busy"
    """Requests wait in routers."""


class PodDeed(StrEnum):
    """What somebody does to an engine's pod."""

    DELETE = "delete"
    EVICT = "evict"
    STRIP_LABELS = "strip-labels"


class NodeDeed(StrEnum):
    """What happens to a node."""

    CORDON = "cordon"
    DRAIN = "drain"
    NOT_READY = "not-ready"
    GPUS_VANISH = "gpus-vanish"
    DISK_PRESSURE = "disk-pressure"
    HEAL = "heal"


class ApiDeed(StrEnum):
    """What the API server does to the operator, and to nobody else."""

    ERRORS = "errors"
    CONFLICTS = "conflicts"
    THROTTLES = "throttles"
    DROPS = "drops"
    SLOW = "slow"
    WATCHES_BREAK = "watches-break"
    WATCHES_EXPIRE = "watches-expire"
    WATCHES_LATE = "watches-late"
    RESTART = "restart"


class OperatorDeed(StrEnum):
    """What happens to the operator's process."""

    KILL = "kill"
    RESTART = "restart"
    SECOND = "second"


class RouterDeed(StrEnum):
    """What happens to a router."""

    DELETE = "delete"
    KILL = "kill"
    SILENT = "silent"


class ChildDeed(StrEnum):
    """What somebody does to a child by hand."""

    DELETE_ENGINES = "delete-engines"
    SCALE_ENGINES = "scale-engines"
    DELETE_ROUTERS = "delete-routers"
    EDIT_SERVICE = "edit-service"
    DELETE_SERVICE = "delete-service"
    DELETE_CONFIG = "delete-config"
    DELETE_RIGHTS = "delete-rights"


class SecretDeed(StrEnum):
    """What happens to a Secret."""

    CHANGE = "change"
    DELETE = "delete"
    WEBHOOK_GONE = "webhook-gone"
    """The operator's own, with its certificates."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Somebody applies the spec, or the policy, with one field changed."""

    deed: Field
    value: int | str


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine fails; which one is counted over those that live."""

    deed: EngineDeed
    place: int = 0
    amount: int = 1
    """A crash's exit code; requests that wait."""


@dataclass(frozen=True, slots=True)
class Pod:
    """Somebody lays hands on an engine's pod."""

    deed: PodDeed
    place: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """A node changes."""

    deed: NodeDeed
    place: int = 0


@dataclass(frozen=True, slots=True)
class Api:
    """The API server is bad for a while; all deployments feel it."""

    deed: ApiDeed
    seconds: int = 2


@dataclass(frozen=True, slots=True)
class Operator:
    """The operator ends and begins; all deployments feel it."""

    deed: OperatorDeed


@dataclass(frozen=True, slots=True)
class Router:
    """A router goes."""

    deed: RouterDeed
    place: int = 0


@dataclass(frozen=True, slots=True)
class Child:
    """Somebody meddles with a child."""

    deed: ChildDeed


@dataclass(frozen=True, slots=True)
class Secret:
    """A Secret changes."""

    deed: SecretDeed


Move = Edit | Engine | Pod | Node | Api | Operator | Router | Child | Secret

OF_ALL: Final = (Api, Operator)
"""Moves that every deployment of the cluster feels."""

DEEDS: Final = {
    Edit: Field,
    Engine: EngineDeed,
    Pod: PodDeed,
    Node: NodeDeed,
    Api: ApiDeed,
    Operator: OperatorDeed,
    Router: RouterDeed,
    Child: ChildDeed,
    Secret: SecretDeed,
}
_BY_NAME: Final[dict[str, type[Move]]] = {kind.__name__.lower(): kind for kind in DEEDS}


def as_json(move: Move) -> dict[str, Any]:
    """As a story keeps it."""
    fields = asdict(move)
    return {"move": type(move).__name__.lower(), "deed": fields.pop("deed").value} | fields


def from_json(document: dict[str, Any]) -> Move:
    """Back again; `ValueError` where there is no such move."""
    fields = dict(document)
    kind = _BY_NAME.get(str(fields.pop("move", "")))
    if kind is None:
        raise ValueError(f"{document}: no such move; one of {', '.join(_BY_NAME)}")
    return kind(**(fields | {"deed": DEEDS[kind](fields["deed"])}))


def line(move: Move) -> str:
    """As a person reads it."""
    rest = [str(value) for name, value in asdict(move).items() if name != "deed"]
    return " ".join((type(move).__name__.lower(), move.deed.value, *rest))
