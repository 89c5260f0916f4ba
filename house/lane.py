"""The lanes of `make test`: which tests need the same world, where they stand, and what runs side by side."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from house import floors, pure

Command = tuple[str, ...]


class Phase(IntEnum):
    """What is over before the next begins."""

    TRACES = 1
    """What looks whether a cluster left anything on the machine: nothing else may open or close a port meanwhile."""
    WITHOUT_CLUSTER = 2
    """Python alone, which needs both cores."""
    CLUSTERS = 3


class Track(IntEnum):
    """What runs side by side in a phase; lanes of one track follow each other."""

    SHOWN = 1
    """Its words are seen as they come, those of the others when it is over."""
    BESIDE = 2
    """A cluster mostly waits: two of them keep two cores busy."""
    THIRD = 3
    """So does an API server without nodes."""
    SPARE = 4
    """At a lower priority: it takes what the others leave."""


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
    phase: Phase = Phase.WITHOUT_CLUSTER
    track: Track = Track.SHOWN
    real: bool = False
    """A real world that misses deadlines on a busy machine: a few stories that failed are told once more, alone."""
    only_named: bool = False
    """Not run unless asked for by name: it fetches 6 GB, or tells at length what another lane tells in short."""

    def holds(self, test: str) -> bool:
        """Whether it looks at the place of this test."""
        return _below(test, self.folders) and not _below(test, self.apart)


def _below(test: str, places: tuple[str, ...]) -> bool:
    return any(test == place or test.startswith(f"{place}/") for place in places)


LIGHT: Final = ("devcluster", "prepare", "--light")
WHOLE: Final = ("devcluster", "prepare")
IMAGE: Final = ("devcluster.image.build",)
SCHEMAS: Final = ("house.kube_schemas",)
REDIS: Final = ("house.redis_server",)
PROMETHEUS: Final = ("house.prometheus_server",)
REAL_VLLM: Final = ("house.real_vllm",)
VLLM_IMAGE: Final = ("devcluster.image.vllm_cpu",)
SERVING: Final = "tests/node/serving"
SCALING: Final = f"{SERVING}/scaling"
REAL_ENGINES: Final = ("tests/node/vllm", "tests/node/vllm_demo")
"""Two folders, since each has a cluster with 5 GB of images in memory: the first ends before the second begins."""
LEAKS: Final = "tests/node/test_leaves_nothing_behind.py"
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
        track=Track.BESIDE,
    ),
    Lane(
        name="leaks",
        marker="node",
        folders=(LEAKS,),
        world="root, and nothing else that opens ports",
        preparations=(WHOLE, IMAGE),
        phase=Phase.TRACES,
        real=True,
    ),
    Lane(name="house", marker="house", folders=("tests/house",), world="a copy of this tree", track=Track.SPARE),
    Lane(
        name="apiserver",
        marker="apiserver",
        folders=("tests/apiserver",),
        world="etcd and a kube-apiserver; no root",
        preparations=(LIGHT, SCHEMAS),
        phase=Phase.CLUSTERS,
        track=Track.THIRD,
        real=True,
    ),
    Lane(
        name="serving",
        marker="node",
        folders=(SERVING,),
        apart=(SCALING,),
        world=f"{A_NODE}: the operator, fleets and their clients",
        preparations=(WHOLE, IMAGE),
        phase=Phase.CLUSTERS,
        real=True,
    ),
    Lane(
        name="scaling",
        marker="node",
        folders=(SCALING,),
        world=f"{A_NODE}: fleets that follow their load",
        preparations=(WHOLE, IMAGE),
        phase=Phase.CLUSTERS,
        track=Track.BESIDE,
        real=True,
    ),
    Lane(
        name="node",
        marker="node",
        folders=("tests/node",),
        apart=(SERVING, LEAKS, *REAL_ENGINES),
        world=A_NODE,
        preparations=(WHOLE, IMAGE),
        phase=Phase.CLUSTERS,
        track=Track.BESIDE,
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
    Lane(
        name="real-engines",
        marker="node",
        folders=REAL_ENGINES,
        world=f"{A_NODE}: the operator, and real vLLM on CPU in the pods (13 GB in the cache, 16 GB of memory)",
        preparations=(WHOLE, IMAGE, VLLM_IMAGE),
        phase=Phase.CLUSTERS,
        only_named=True,
    ),
    Lane(
        name="recipes",
        marker="recipe",
        folders=("tests/house",),
        world="a copy of this tree for each recipe of CONTRIBUTING.md",
        only_named=True,
    ),
)
