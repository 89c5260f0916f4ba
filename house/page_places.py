"""Where each command of a page can be tested: offline, on an API server, or not at all, with a reason.

A command that matches no rule fails its page: a new kind of command needs a rule here.
"""

import re
from enum import StrEnum
from typing import Final

from house.page_commands import PageCommand


class Trial(StrEnum):
    """How a command is run."""

    OFFLINE = "in a folder and a network of its own, engines beside it"
    CLUSTER = "on an API server with the operator, whose pods and kubelet are pretended"


class Obstacle(StrEnum):
    """Why a test only reads a command and does not run it: a closed list."""

    REGISTRY = "needs Docker and a registry of yours"
    CONTAINERS = "needs containers that run; tests/node has a real node"
    LANE = "starts the tests or a cluster of its own: a lane of `make test`, or hours"
    ENGINE = "measures a real engine, or reads what such a run wrote"
    TRAFFIC = "reads what a Prometheus kept of a running fleet"
    MACHINE = "puts programs onto the machine itself"


Place = Trial | Obstacle

_RULES: Final[tuple[tuple[str, Place], ...]] = (
    (r"make setup\b", Obstacle.MACHINE),
    (r"docker |skopeo |crane ", Obstacle.REGISTRY),
    (r"(\w+=\S+ )*make |python -m campaign", Obstacle.LANE),
    (r"git clone|apt-get |pip install", Obstacle.MACHINE),
    (r"helm test|kubectl (run|port-forward|exec|debug|drain)\b", Obstacle.CONTAINERS),
    (r".*\$\(kubectl create token|curl \$ROUTER", Obstacle.CONTAINERS),
    (r"fairlead calibrate --sweep|fairlead engine --step-times \S+\.jsonl ", Obstacle.ENGINE),
    (r"fairlead simulate --from .*--prometheus", Obstacle.TRAFFIC),
    (r"fairlead simulate (--from|.*--publish)", Trial.CLUSTER),
    (r".*\b(kubectl|helm) ", Trial.CLUSTER),
    (r"fairlead (why|top|console|rollout)\b", Trial.CLUSTER),
    (r"fairlead explain (?!--record)", Trial.CLUSTER),
    (r"fairlead (validate|render|plan|simulate|advise|tune|evaluate|batch|digest)\b", Trial.OFFLINE),
    (r"fairlead (explain|replay|router|engine|calibrate)\b", Trial.OFFLINE),
    (r"(curl|export|echo|cat|cd|mkdir|\.) ", Trial.OFFLINE),
)


class NoPlace(Exception):
    """No rule says how to test a command."""


def place(command: PageCommand) -> Place:
    """Return the place from the first matching rule."""
    if command.text.startswith("curl ") and command.begun.startswith("kubectl port-forward"):
        return Obstacle.CONTAINERS
    for pattern, found in _RULES:
        if re.match(pattern, command.text, re.DOTALL):
            return found
    raise NoPlace(f"{command}: no rule of house/page_places.py says how it is tried")
