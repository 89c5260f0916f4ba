"""Which cluster the tests of the node lane use, and why there may be none."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from devcluster import door, owners, plan, teardown
from devcluster.cache import Cache
from devcluster.door import Door, Embedded
from devcluster.layout import Layout
from devcluster.setup import machine, preflight, programs
from devcluster.up import up

NODES: Final = ("l4=NVIDIA-L4:4", "a100=NVIDIA-A100-SXM4-80GB:2")


def names_existing() -> bool:
    """Whether the caller named a cluster; none is used without that."""
    return os.environ.get("DEVCLUSTER") == "existing"


def hindrance() -> str | None:
    """Why no cluster can run here, in one message; None when one can."""
    if names_existing():
        return None
    cache = Cache.chosen()
    missing = preflight.whole(machine.survey(), programs.missing(cache, tuple(programs.PACKAGES)))
    return preflight.message(missing) if missing else None


def require(lane: str) -> None:
    """Skip a lane where no cluster can run, and say why; in CI that is a failure."""
    why = hindrance()
    if why is not None and os.environ.get("CI"):
        pytest.fail(f"the {lane} lane must run in CI.\n{why}", pytrace=False)
    if why is not None:
        pytest.skip(why)


@contextmanager
def embedded(name: str, *nodes: str) -> Iterator[Embedded]:
    """A cluster of our own for as long as the block runs; leaving it checks that nothing is left."""
    cache = Cache.chosen()
    layout = Layout.of(cache, name)
    try:
        up(plan.make(name, nodes), cache, owners.mine())
        yield Embedded(layout)
    finally:
        left = teardown.down(layout)
    assert left == (), left


@contextmanager
def shared() -> Iterator[Door]:
    """The cluster most tests share: the one the caller named, or one of our own."""
    if names_existing():
        named = door.existing(Cache.chosen())
        try:
            yield named
        finally:
            named.close()
    else:
        with embedded(f"tests-{os.getpid()}", *NODES) as made:
            yield made


def kubectl_of(door: Door) -> Path:
    """The kubectl that goes with a cluster."""
    return door.programs / "kubectl" if isinstance(door, Embedded) else Path("kubectl")


def death_of(cluster: Embedded, component: str) -> str:
    """How the component last died, as the supervisor reports it; empty when it never did."""
    deaths = cluster.report()["deaths"]
    assert isinstance(deaths, list)
    return next((str(one["how"]) for one in reversed(deaths) if one["component"] == component), "")


def runs(cluster: Embedded, component: str) -> bool:
    """Whether the component runs now."""
    kept = cluster.report()["components"]
    assert isinstance(kept, dict)
    return bool(kept[component]["running"])
