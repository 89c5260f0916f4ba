"""The labels of children, and the selectors that find them.

Selectors use only labels that never change in an object's life, since a Deployment's selector is immutable.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from fairlead.api.kinds import GROUP
from fairlead.objects import names

DEPLOYMENT: Final = f"{GROUP}/deployment"
REVISION: Final = f"{GROUP}/revision"
ROLE: Final = f"{GROUP}/role"
GATEWAY: Final = f"{GROUP}/gateway"
"""On routers that a gateway owns, instead of a deployment."""

EVALUATION: Final = f"{GROUP}/evaluation"
"""On pods that work for an evaluation: its name. They have no label by which children are found."""

PRE_PULL: Final = f"{GROUP}/pre-pull"
"""The only label of pods that hold images: the deployment's name. With no other one, no informer keeps them in memory,
and nothing that selects engine pods, such as a Service or an anti-affinity of users, selects these."""

ADAPTERS: Final = f"{GROUP}/adapters"
"""An annotation: the LoRA adapters that an engine pod loads, since those of two revisions may differ."""

OPTIONS: Final = f"{GROUP}/engine-options"
"""An annotation of an engine pod: the text of the file from which the engine reads its settings."""

ASLEEP: Final = f"{GROUP}/asleep"
"""An annotation on an engine pod that sleeps, or is about to: routers send it no requests. Its value is `falling`, then
the ID of the container that was put to sleep, since a container that was restarted is awake."""
FALLING_ASLEEP: Final = "falling"

GATEWAYS: Final = f"{GROUP}/gateways"
"""An annotation on the network policy of engines: the gateways whose routers send them requests, as namespace/name with
commas. The policy admits these, and those in the next one."""

LEFT_GATEWAYS: Final = f"{GROUP}/left-gateways"
"""Likewise: gateways whose routers send no new requests, and are admitted until they have ended the last ones."""

TAKEN_OVER_AT: Final = f"{GROUP}/taken-over-at"
"""An annotation beside them: since when the routers of the spec have served, while those of a gateway that the
deployment leaves still do."""

_MANAGER: Final = "app.kubernetes.io/managed-by"
_US: Final = "fairlead"

MANAGED_BY: Final = f"{_MANAGER}={_US}"
"""The label selector of the informers of children."""


class ChildRole(StrEnum):
    """What a child is for."""

    ENGINE = "engine"
    ROUTER = "router"
    CHECK = "check"
    """A preflight: a pod without a GPU that checks whether a revision can start."""
    EVALUATION = "evaluation"
    """A pod that reads an evaluation's items, or runs it."""
    PRE_PULL = "prepull"
    """A DaemonSet that holds images on nodes."""


def child(name: str, role: ChildRole, owner: str = DEPLOYMENT) -> dict[str, str]:
    """Return the labels of every child of one object; `owner` is the label that names it."""
    return {
        owner: name,
        ROLE: role.value,
        "app.kubernetes.io/name": _US,
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/component": role.value,
        "app.kubernetes.io/part-of": _US,
        _MANAGER: _US,
    }


def engine(name: str, revision: str) -> dict[str, str]:
    """Return the labels of the Deployment and the pods of one revision."""
    return child(name, ChildRole.ENGINE) | {REVISION: revision}


def check(name: str, revision: str) -> dict[str, str]:
    """Return the labels of the preflight pod of one revision."""
    return child(name, ChildRole.CHECK) | {REVISION: revision}


def evaluation(name: str) -> dict[str, str]:
    """Return labels of a pod that works for an evaluation; informers do not find it, since it is read by name."""
    carried = child(names.label_value(name), ChildRole.EVALUATION, EVALUATION)
    return {key: value for key, value in carried.items() if key != _MANAGER}


def runners(name: str) -> dict[str, str]:
    """Select the pods that send an evaluation's items to the engines of a deployment."""
    return {DEPLOYMENT: name, ROLE: ChildRole.EVALUATION.value}


def engines(name: str) -> dict[str, str]:
    """Select the engine pods of all revisions."""
    return {DEPLOYMENT: name, ROLE: ChildRole.ENGINE.value}


def engines_of(name: str, revision: str) -> dict[str, str]:
    """Select the engine pods of one revision."""
    return engines(name) | {REVISION: revision}


def pre_pull(name: str) -> dict[str, str]:
    """Select the pods that hold a deployment's images."""
    return {PRE_PULL: names.label_value(name)}


def routers(name: str) -> dict[str, str]:
    """Select the pods of a deployment's own routers."""
    return {DEPLOYMENT: name, ROLE: ChildRole.ROUTER.value}


def gateway_routers(gateway: str) -> dict[str, str]:
    """Select the router pods of a gateway."""
    return {GATEWAY: gateway, ROLE: ChildRole.ROUTER.value}


def as_text(selector: Mapping[str, str]) -> str:
    """Format a selector as label queries and `status.selector` write it."""
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
