"""The lanes of `make test`: which tests need the same world, where they stand, and what runs side by side."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from house import floors, pure

Command = tuple[str, ...]


class Track(IntEnum):
    """What runs side by side; lanes of one track follow each other."""

    ALONE = 0
    """Before the others: they keep both cores busy by themselves."""
    SHOWN = 1
    """Its words are seen as they come; those of what runs beside it at the end."""
    SPARE = 2
    """At a lower priority: a cluster mostly waits, and this takes what it leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Tests that need the same world."""

    name: str
    marker: str
    world: str
    folders: tuple[str, ...] = ("tests",)
    """Where they are: to collect all tests takes a quarter of a minute."""
    apart: tuple[str, ...] = ()
    """Places below these folders that other lanes tell."""
    preparations: tuple[Command, ...] = ()
    """Modules to run first, where their progress can be seen; what cannot be had, the tests themselves will say."""
    floors: str = ""
    """The table of floors in pyproject.toml that its coverage is held to; empty: it is not measured."""
    track: Track = Track.ALONE
    real: bool = False
    """A real world that misses deadlines on a busy machine: a few stories that failed are told once more, alone."""
    only_named: bool = False
    """Not run unless asked for by name: it fetches 6 GB, or tells at length what another lane tells in short."""

    def holds(self, test: str) -> bool:
        """Whether it looks at the place of this test."""
        below = tuple(f"{folder}/" for folder in self.folders)
        return test.startswith(below) and not test.startswith(tuple(f"{place}/" for place in self.apart))


LIGHT: Final = ("devcluster", "prepare", "--light")
WHOLE: Final = ("devcluster", "prepare")
IMAGE: Final = ("devcluster.image.build",)
SCHEMAS: Final = ("house.kube_schemas",)
REDIS: Final = ("house.redis_server",)
PROMETHEUS: Final = ("house.prometheus_server",)
REAL_VLLM: Final = ("house.real_vllm",)
SERVING: Final = "tests/node/serving"
WORLDS: Final = ("tests/apiserver", "tests/node", "tests/vllm")
"""Folders whose every test needs the world of a lane; tests/conftest.py marks them."""
A_NODE: Final = "a Ready node; root, or DEVCLUSTER=existing KUBECONFIG=…"

LANES: Final = (
    Lane(
        name="pure",
        marker=pure.MARKER,
        world="nothing but Python",
        floors=floors.REST,
    ),
    Lane(
        name="conformance",
        marker="conformance",
        folders=("tests/conformance", "tests/router"),
        world="`fairlead engine`, asked over HTTP as real vLLM was; a real Redis and a real Prometheus",
        preparations=(REDIS, PROMETHEUS),
    ),
    Lane(
        name="apiserver",
        marker="apiserver",
        folders=("tests/apiserver",),
        world="etcd and a kube-apiserver; no root",
        preparations=(LIGHT, SCHEMAS),
        track=Track.SPARE,
        real=True,
    ),
    Lane(
        name="serving",
        marker="node",
        folders=(SERVING,),
        world=f"{A_NODE}: the operator, fleets and their clients",
        preparations=(WHOLE, IMAGE),
        track=Track.SHOWN,
        real=True,
    ),
    Lane(
        name="node",
        marker="node",
        folders=("tests/node",),
        apart=(SERVING,),
        world=A_NODE,
        preparations=(WHOLE, IMAGE),
        track=Track.SHOWN,
        real=True,
    ),
    Lane(
        name="vllm",
        marker="vllm",
        folders=("tests/vllm",),
        world="real vLLM on CPU: 6 GB in the cache",
        preparations=(REAL_VLLM,),
        only_named=True,
    ),
    Lane(name="house", marker="house", folders=("tests/house",), world="a copy of this tree", track=Track.SPARE),
    Lane(
        name="recipes",
        marker="recipe",
        folders=("tests/house",),
        world="a copy of this tree for each recipe of CONTRIBUTING.md",
        only_named=True,
    ),
)
