"""The house's claims: a fresh clone works, the cluster is real, nothing leaks, rules catch errors, README is true."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from house import lanes, messages_page, prose
from house.lane import LANES
from house.sentences import limits
from house.tree import ROOT
from prove import programs
from prove.claims import Claim, Figure
from prove.programs import Ended

CHECK_SECONDS: Final = 30.0
COLD_SECONDS: Final = 12 * 60.0
WARM_SECONDS: Final = 20.0
NAME: Final = "NAME=prove"
TWO_PRODUCTS: Final = ("NVIDIA-L4", "NVIDIA-H100-80GB-HBM3")


def fresh_clone_works() -> Figure:
    """Clone into an empty folder, test there, check twice: the second is what a developer waits for daily."""
    with programs.clone() as clone:
        tested = programs.make("test", cwd=clone)
        programs.make("check", cwd=clone)
        checked = programs.make("check", cwd=clone)
    holds = tested.ok and tested.tests.all_passed and checked.ok and checked.seconds < CHECK_SECONDS
    return Figure(
        holds=holds,
        text=f"make test: {_verdict(tested)}, {tested.tests}, in {tested.seconds:.0f} s; "
        f"make check, warm: {_verdict(checked)} in {checked.seconds:.1f} s (at most {CHECK_SECONDS:.0f})",
    )


def cluster_from_nothing() -> Figure:
    """From an empty cache, then from a full one, then with two kinds of GPU."""
    with tempfile.TemporaryDirectory(prefix="fairlead-cache-") as cache:
        with _cluster(cache) as cold:
            shown = _products(cold)
        with _cluster(cache) as warm:
            pass
        nodes = " ".join(f"gpu-{number}={product}:1" for number, product in enumerate(TWO_PRODUCTS, start=1))
        with _cluster(cache, f"NODES={nodes}") as pair:
            both = _products(pair)
    holds = (
        cold.ok
        and cold.seconds <= COLD_SECONDS
        and len(shown) == 1
        and warm.ok
        and warm.seconds <= WARM_SECONDS
        and sorted(both) == sorted(TWO_PRODUCTS)
    )
    return Figure(
        holds=holds,
        text=f"cold: {_verdict(cold)} in {cold.seconds:.0f} s (at most {COLD_SECONDS:.0f}), "
        f"{', '.join(shown) or 'no GPU shown'}; warm: {_verdict(warm)} in {warm.seconds:.1f} s "
        f"(at most {WARM_SECONDS:.0f}); two products: {', '.join(both) or 'none shown'}",
    )


def cluster_is_real() -> Figure:
    """What only a scheduler, a kubelet and a network together can show."""
    lane = next(lane for lane in LANES if lane.name == "node")
    ((_, *words),) = lanes.commands(lane)
    return all_pass(programs.pytest(*words))


def nothing_left_over() -> Figure:
    """The leak check after a normal run, after kill -9 and after a failed start."""
    return all_pass(programs.pytest("tests/node/test_leaves_nothing_behind.py"))


def rules_bite() -> Figure:
    """Break each rule in a copy of the tree, and read the check's output."""
    return all_pass(programs.pytest("-m", "house", "tests/house"))


def readme_is_true() -> Figure:
    """The commands in README exist, and its links lead somewhere."""
    words = prose.make_words((ROOT / "README.md").read_text(encoding="utf-8"))
    missing = sorted(words - prose.targets((ROOT / "Makefile").read_text(encoding="utf-8")))
    tested = programs.pytest("tests/house/test_readme.py")
    return Figure(
        holds=tested.ok and tested.tests.all_passed and bool(words) and not missing,
        text=f"{tested.tests}; commands named: {', '.join(sorted(words)) or 'none'}; "
        f"missing from the Makefile: {', '.join(missing) or 'none'}",
    )


def sentences_are_listed() -> Figure:
    """Read the source again: the committed page, the limits, and tests' messages found on the page."""
    page = (ROOT / messages_page.PAGE).read_text(encoding="utf-8")
    current = page == messages_page.page()
    tested = programs.pytest("tests/house/test_messages_page.py")
    faults = list(limits.faults(messages_page.found()))
    return Figure(
        holds=current and not faults and tested.ok and tested.tests.all_passed,
        text=f"{messages_page.figures()}; the page is {'current' if current else 'stale'}; {tested.tests}",
    )


@contextmanager
def _cluster(cache: str, *words: str) -> Iterator[Ended]:
    """A cluster while the block lasts, created from one cache folder."""
    extra = {"FAIRLEAD_CACHE": cache}
    try:
        yield programs.make("cluster", NAME, *words, extra=extra)
    finally:
        programs.make("cluster-down", NAME, extra=extra)


def _products(up: Ended) -> list[str]:
    """The GPU products that kubectl shows, one for each Ready node; kubectl is used as the command's output says."""
    matches = re.findall(r"export (KUBECONFIG|PATH)=(\S+)", up.output)
    if not up.ok or len(matches) != 2:
        return []
    extra = {name: value.replace("$PATH", os.environ["PATH"]) for name, value in matches}
    words = ("get", "nodes", "--no-headers", "-L", "nvidia.com/gpu.product")
    shown = programs.run(f"{extra['PATH'].split(':')[0]}/kubectl", *words, extra=extra)
    return [line.split()[-1] for line in shown.output.splitlines() if re.search(r"\sReady\s.*NVIDIA-", line)]


def all_pass(ended: Ended) -> Figure:
    """Convert a test run into a figure: it holds if something ran and nothing failed or was skipped."""
    return Figure(holds=ended.ok and ended.tests.all_passed, text=f"{ended.tests} in {ended.seconds:.0f} s")


def _verdict(ended: Ended) -> str:
    return "passes" if ended.ok else f"ends with {ended.code}"


CLAIMS: Final = (
    Claim(
        item="house.1",
        title="A fresh clone in an empty folder passes `make test`, and a warm `make check` ends within 30 s",
        prove=fresh_clone_works,
        slow=True,
    ),
    Claim(
        item="house.2",
        title="`make cluster` ends with a Ready node that shows its GPUs: from an empty cache within 12 min, "
        "from a full one within 20 s, and with two nodes of different products",
        prove=cluster_from_nothing,
        slow=True,
    ),
    Claim(
        item="house.3",
        title="The cluster is real: scheduling, probes, shutdown order, Services and DNS, logs, exec, "
        "port-forward, RBAC, Pod Security, and a killed containerd or kubelet",
        prove=cluster_is_real,
        slow=True,
    ),
    Claim(
        item="house.4",
        title="`make cluster-down` leaves no process, mount, namespace or socket: after a normal run, "
        "after kill -9 of the supervisor and after a failed start",
        prove=nothing_left_over,
        slow=True,
    ),
    Claim(
        item="house.5",
        title="The contracts bite: an upward import, a clock in a pure room, an oversized function and an "
        "unplaced folder each fail `make check`, with words that say what to do",
        prove=rules_bite,
        slow=True,
    ),
    Claim(
        item="house.6",
        title="README says what Fairlead is and what works so far, and every command and link in it exists",
        prove=readme_is_true,
    ),
    Claim(
        item="house.9",
        title="Every sentence that code can say to a user is in docs/reference/messages.md; none is over 240 "
        "characters, and each that says that something is wrong has a figure or a remedy",
        prove=sentences_are_listed,
    ),
)
