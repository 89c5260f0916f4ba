"""Everything that may happen to a deployment: a closed set of moves, each short enough for one line."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final


class Field(StrEnum):
    """The fields of a spec that are edited."""

    CONTEXT = "context"
    REPLICAS = "replicas"
    STRATEGY = "strategy"
    ROUTERS = "routers"
    SEQUENCES = "sequences"
    TOLERATION = "toleration"
    SECRET = "secret"
    """1: an engine's variable comes from a Secret."""
    SCALING = "scaling"
    """0: fixed; else the maximum number of replicas."""
    POLICY_TARGET = "policy-target"
    """Of the policy, not of the deployment: requests that may wait per replica."""
    POLICY_MODE = "policy-mode"
    BAD = "bad"
    """A setting that cannot work; see `Bad`."""


class Bad(StrEnum):
    """Invalid settings, by where they show."""

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
    """Ready by its own account, but routers get no token from it."""
    METRICS_NAN = "metrics-nan"
    METRICS_FROZEN = "metrics-frozen"
    METRICS_HUGE = "metrics-huge"
    CUT = "cut"
    SLOW = "slow"
    BUSY = "busy"
    """Requests wait in routers."""


class PodDeed(StrEnum):
    """What a user does to an engine's pod."""

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
    """What the API server does to the operator, and to no other client."""

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
    """What a user does to a child."""

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
    """An apply of the spec or the policy, with one field changed."""

    deed: Field
    value: int | str


@dataclass(frozen=True, slots=True)
class Engine:
    """A failing engine; its index counts the running ones."""

    deed: EngineDeed
    place: int = 0
    amount: int = 1
    """A crash's exit code, or the number of waiting requests."""


@dataclass(frozen=True, slots=True)
class Pod:
    """A change to an engine's pod by hand."""

    deed: PodDeed
    place: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """A change to a node."""

    deed: NodeDeed
    place: int = 0


@dataclass(frozen=True, slots=True)
class Api:
    """A fault of the API server for a while; it affects all deployments."""

    deed: ApiDeed
    seconds: int = 2


@dataclass(frozen=True, slots=True)
class Operator:
    """A restart of the operator; it affects all deployments."""

    deed: OperatorDeed


@dataclass(frozen=True, slots=True)
class Router:
    """The end of a router."""

    deed: RouterDeed
    place: int = 0


@dataclass(frozen=True, slots=True)
class Child:
    """A change to a child by hand."""

    deed: ChildDeed


@dataclass(frozen=True, slots=True)
class Secret:
    """A change to a Secret."""

    deed: SecretDeed


Move = Edit | Engine | Pod | Node | Api | Operator | Router | Child | Secret

OF_ALL: Final = (Api, Operator)
"""Moves that affect every deployment of the cluster."""

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
    """The JSON form in a story."""
    fields = asdict(move)
    return {"move": type(move).__name__.lower(), "deed": fields.pop("deed").value} | fields


def from_json(document: dict[str, Any]) -> Move:
    """Parse the JSON form; `ValueError` if there is no such move."""
    fields = dict(document)
    kind = _BY_NAME.get(str(fields.pop("move", "")))
    if kind is None:
        raise ValueError(f"{document}: no such move; one of {', '.join(_BY_NAME)}")
    return kind(**(fields | {"deed": DEEDS[kind](fields["deed"])}))


def line(move: Move) -> str:
    """The move in words."""
    rest = [str(value) for name, value in asdict(move).items() if name != "deed"]
    return " ".join((type(move).__name__.lower(), move.deed.value, *rest))
