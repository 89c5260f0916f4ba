"""The lanes of `make test`: which tests need the same environment, where they are, and which lanes may run together."""

from dataclasses import dataclass
from typing import Final

from house import lane_folders, pure

Command = tuple[str, ...]

IN_LANE: Final = "FAIRLEAD_LANE"
"""Environment variable with the lane's name, so that concurrent lanes can tell their processes apart."""
OF_NODES: Final = "node"
"""Marker of tests on a real node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Tests that need the same environment."""

    name: str
    marker: str
    world: str
    folders: tuple[str, ...] = ("tests",)
    """Where the tests are: collecting all tests takes 15 seconds."""
    apart: tuple[str, ...] = ()
    """Subfolders whose tests belong to other lanes."""
    preparations: tuple[Command, ...] = ()
    """Modules to run first, with visible progress; the tests themselves report what is missing."""
    modules: tuple[Command, ...] = ()
    """Modules that run its tests instead of plain pytest."""
    again: tuple[Command, ...] = ()
    """Modules that run what failed of them, when nothing else runs."""
    compares_traces: bool = False
    """Whether it compares what clusters leave on the machine: no other node may start or stop meanwhile."""
    builds_images: bool = False
    """Whether its tests build images, besides its preparations."""
    slots: int = 1
    """How many of the concurrent slots it takes; 0: it runs beside as many others as ever."""
    patient: bool = False
    """Runs at a lower priority: it is CPU-bound, and uses the cores that waiting lanes leave idle."""
    real: bool = False
    """Whether it depends on real deadlines, which a busy machine misses: a few failed tests are rerun, alone."""
    kept: bool = False
    """Skipped while no file of this tree changed since it last passed; never with a node, on the machine's kernel."""
    only_named: bool = False
    """Run only if named: it fetches 6 GB, or covers in detail what others cover briefly."""
    by_claims: bool = False
    """Left out of CI, whose time is limited: each of its tests takes minutes, and a claim repeats it (`make prove`)."""

    def holds(self, test: str) -> bool:
        """Whether this test's path belongs to it."""
        return _below(test, self.folders) and not _below(test, self.apart)

    def keeps_out(self, other: "Lane") -> bool:
        """Whether the two may not run at the same time."""
        return self.mounts and other.mounts and (self.compares_traces or other.compares_traces)

    @property
    def mounts(self) -> bool:
        """Whether it mounts file systems, as a node and an image build do."""
        return self.marker == OF_NODES or self.builds_images


def _below(test: str, places: tuple[str, ...]) -> bool:
    return any(test == place or test.startswith(f"{place}/") for place in places)


LIGHT: Final = ("devcluster", "prepare", "--light")
WHOLE: Final = ("devcluster", "prepare")
IMAGE: Final = ("devcluster.image.build",)
SCHEMAS: Final = ("house.kube_schemas",)
CHROMIUM: Final = ("house.chromium",)
PROMETHEUS: Final = ("house.prometheus_server",)
A_NODE: Final = "a Ready node; root, or DEVCLUSTER=existing KUBECONFIG=…"


def _on_a_node(name: str, folder: str, apart: tuple[str, ...], what: str) -> Lane:
    return Lane(
        name=name,
        marker=OF_NODES,
        folders=(folder,),
        apart=apart,
        world=f"{A_NODE}: {what}",
        preparations=(WHOLE, IMAGE),
        real=True,
    )


LANES: Final = (
    Lane(
        name="leaks",
        marker=OF_NODES,
        folders=(lane_folders.LEAKS,),
        world="root, and no other node that comes or goes",
        preparations=(WHOLE, IMAGE),
        compares_traces=True,
        real=True,
        by_claims=True,
    ),
    Lane(
        name="house",
        marker="house",
        folders=("tests/house",),
        apart=(lane_folders.ARTIFACTS,),
        world="a copy of this tree",
        patient=True,
        slots=0,
        kept=True,
    ),
    Lane(
        name="conformance",
        marker="conformance",
        folders=("tests/conformance", "tests/router"),
        apart=(lane_folders.COMPILED,),
        world="`fairlead engine`, asked over HTTP as real vLLM was; a real Redis, a real Prometheus, a real Chromium",
        preparations=(("house.redis_server",), PROMETHEUS, CHROMIUM),
        real=True,
        kept=True,
    ),
    Lane(
        name="pure",
        marker=pure.MARKER,
        world="nothing but Python",
        modules=(("house.pure",), ("house.pure", "--rest")),
        again=(("house.pure", "--again"),),
        slots=2,
    ),
    Lane(
        name="long",
        marker=OF_NODES,
        folders=lane_folders.LONG,
        world=f"{A_NODE}: fleets, revisions, adapters, faults, alerts and the chart's life, minutes each",
        preparations=(WHOLE, IMAGE, PROMETHEUS),
        real=True,
        by_claims=True,
    ),
    Lane(
        name="gates",
        marker=OF_NODES,
        folders=lane_folders.GATES,
        world=f"{A_NODE}: revisions and adapters on trial, minutes each",
        preparations=(WHOLE, IMAGE),
        real=True,
        by_claims=True,
    ),
    _on_a_node(
        "rollouts", lane_folders.ROLLOUTS, lane_folders.LONG, "revisions that change all at once, well and badly"
    ),
    _on_a_node("serving", lane_folders.SERVING, lane_folders.BELOW_SERVING, "the operator, fleets and their clients"),
    _on_a_node("canaries", lane_folders.CANARIES, lane_folders.GATES, "revisions on trial"),
    Lane(
        name="scaling",
        marker=OF_NODES,
        folders=(lane_folders.SCALING, lane_folders.DIAGNOSTICS),
        apart=lane_folders.LONG,
        world=f"{A_NODE}: fleets that follow their load, fleets with a fault, and a real Prometheus that watches one",
        preparations=(WHOLE, IMAGE, PROMETHEUS),
        real=True,
    ),
    Lane(
        name="apiserver",
        marker="apiserver",
        folders=(lane_folders.APISERVER,),
        apart=(lane_folders.OPERATED, lane_folders.RIGHTS, *lane_folders.FAULTS),
        world="etcd and a kube-apiserver; no root",
        preparations=(LIGHT, SCHEMAS),
        real=True,
        kept=True,
    ),
    Lane(
        name="demo",
        marker=OF_NODES,
        folders=(lane_folders.DEMO,),
        world=f"{A_NODE}: the demo with its console and a Prometheus",
        preparations=(WHOLE, IMAGE, CHROMIUM, PROMETHEUS),
        real=True,
    ),
    Lane(
        name="operated",
        marker="apiserver",
        folders=(lane_folders.OPERATED,),
        world="etcd, a kube-apiserver, and operators that scale; no root",
        preparations=(LIGHT, SCHEMAS),
        real=True,
        kept=True,
    ),
    Lane(
        name="faults",
        marker="apiserver",
        folders=lane_folders.FAULTS,
        world="etcd, a kube-apiserver, and operators that are killed, and random edits and faults; no root",
        preparations=(LIGHT, SCHEMAS),
        real=True,
        kept=True,
    ),
    Lane(
        name="compiled",
        marker="conformance",
        folders=(lane_folders.COMPILED,),
        world="gcc: the tests of data plane and simulator again, with these as machine code",
        real=True,
        kept=True,
    ),
    Lane(
        name="rights",
        marker="apiserver",
        folders=(lane_folders.RIGHTS,),
        world="etcd, a kube-apiserver, and an operator that loses one right after the other; no root",
        preparations=(LIGHT, SCHEMAS),
        real=True,
        kept=True,
        by_claims=True,
    ),
    Lane(
        name="artifacts",
        marker="house",
        folders=(lane_folders.ARTIFACTS,),
        world="root, to build images from two copies of the last commit",
        builds_images=True,
        kept=True,
        by_claims=True,
    ),
    Lane(
        name="node",
        marker=OF_NODES,
        folders=("tests/node",),
        apart=(
            lane_folders.SERVING,
            lane_folders.LEAKS,
            lane_folders.DEMO,
            *lane_folders.LONG,
            lane_folders.OTHER_KINDS,
            lane_folders.HARNESS,
            lane_folders.REAL_SGLANGS,
            *lane_folders.REAL_ENGINES,
        ),
        world=A_NODE,
        preparations=(WHOLE, IMAGE),
        real=True,
    ),
    Lane(
        name="vllm",
        marker="vllm",
        folders=("tests/vllm",),
        world="real vLLM on CPU: 6 GB in the cache",
        preparations=(("house.real_vllm",),),
        only_named=True,
    ),
    Lane(
        name="sglang",
        marker="sglang",
        folders=("tests/sglang",),
        world="real SGLang on CPU: 7 GB in the cache",
        preparations=(("house.real_sglang",),),
        only_named=True,
    ),
    Lane(
        name="real-engines",
        marker=OF_NODES,
        folders=lane_folders.REAL_ENGINES,
        world=f"{A_NODE}: the operator, and real vLLM on CPU in the pods (13 GB in the cache, 16 GB of memory)",
        preparations=(WHOLE, IMAGE, ("devcluster.image.vllm_cpu",)),
        only_named=True,
    ),
    Lane(
        name="real-sglang",
        marker=OF_NODES,
        folders=(lane_folders.REAL_SGLANGS,),
        world=f"{A_NODE}: the operator, and real SGLang on CPU in the pods (15 GB in the cache, 18 GB of memory)",
        preparations=(WHOLE, IMAGE, ("devcluster.image.sglang_cpu",)),
        only_named=True,
    ),
    Lane(
        name="other-kinds",
        marker=OF_NODES,
        folders=(lane_folders.OTHER_KINDS,),
        world=f"{A_NODE}: the operator, and fleets of emulated engines of other kinds than vLLM",
        preparations=(WHOLE, IMAGE),
        only_named=True,
    ),
    Lane(
        name="harness",
        marker=OF_NODES,
        folders=(lane_folders.HARNESS,),
        world=f"{A_NODE}: the operator, and the lm-evaluation-harness in pods (2 GB in the cache)",
        preparations=(WHOLE, IMAGE, ("devcluster.image.lm_eval",)),
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
"""In start order: the check for traces, then what keeps the cores busy beside clusters, then the longest first."""
