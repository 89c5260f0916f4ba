"""The owners of a cluster: processes that it ends with, or a person who ends it; and its start time.

A process is identified by its id and start time, since ids are reused. A process that starts programs which may bring
up clusters passes its identity on in the environment, so that a cluster ends with the first of its owners.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from devcluster import processes
from devcluster.layout import Layout

OWNERS: Final = "DEVCLUSTER_OWNERS"
"""Environment variable: `PID:START` of each process that a cluster ends with."""
LONGEST: Final = 80
"""Longest command line to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """One process."""

    pid: int
    started: int
    """In clock ticks since boot."""
    words: str = ""
    """Its command line."""

    @property
    def is_alive(self) -> bool:
        """Whether it is still running."""
        return processes.is_alive({"pid": self.pid, "started": self.started})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """The owners of one cluster."""

    since: float
    """Start of the cluster, in seconds since the epoch."""
    owners: tuple[Owner, ...] = ()
    """Empty: a person's."""

    @property
    def moment(self) -> str:
        """`since`, as people read it."""
        return datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

    @property
    def holds(self) -> bool:
        """Whether all owners are alive."""
        return all(one.is_alive for one in self.owners)


def mine() -> tuple[Owner, ...]:
    """This process, and the ancestors that it inherited as owners."""
    return (*inherited(os.environ), _owner(os.getpid()))


def inherited(environment: Mapping[str, str]) -> tuple[Owner, ...]:
    """Parse the owners in the environment; raises `ValueError` for another format."""
    found = []
    for word in environment.get(OWNERS, "").split():
        pid, _, started = word.partition(":")
        if not (pid.isdigit() and started.isdigit()):
            raise ValueError(f"{OWNERS}={environment[OWNERS]!r}: an owner is written PID:START, or leave it unset")
        found.append(Owner(pid=int(pid), started=int(started), words=_words(int(pid))))
    return tuple(found)


def handed_on() -> dict[str, str]:
    """The environment for programs that may bring up clusters for this process."""
    return {OWNERS: " ".join(dict.fromkeys(f"{one.pid}:{one.started}" for one in mine()))}


def keep(layout: Layout, owners: Iterable[Owner]) -> None:
    """Record the cluster's new owners; its start time stays."""
    before = read(layout)
    ownership = Ownership(since=time.time() if before is None else before.since, owners=tuple(owners))
    fresh = layout.owners.with_suffix(".fresh")
    fresh.write_text(json.dumps(asdict(ownership)))
    fresh.replace(layout.owners)


def read(layout: Layout) -> Ownership | None:
    """Read the owners; None without a cluster, or for one that an older release started."""
    try:
        kept = json.loads(layout.owners.read_text())
    except OSError:
        return None
    return Ownership(since=kept["since"], owners=tuple(Owner(**one) for one in kept["owners"]))


def others(layout: Layout, ours: Iterable[Owner]) -> Ownership | None:
    """The cluster's owners but ours; None if there are none, or if one of its owners ended, which ends it."""
    kept, own = read(layout), {(one.pid, one.started) for one in ours}
    if kept is None or not kept.holds:
        return None
    found = tuple(one for one in kept.owners if (one.pid, one.started) not in own)
    return Ownership(since=kept.since, owners=found) if found else None


def hand_over(layout: Layout) -> None:
    """Hand this process's cluster over to its own owners, or to the person at the terminal; spare another's."""
    ownership, here = read(layout), processes.identify(os.getpid())
    if ownership is not None and here in [{"pid": one.pid, "started": one.started} for one in ownership.owners]:
        keep(layout, inherited(os.environ))


def _owner(pid: int) -> Owner:
    return Owner(**processes.identify(pid), words=_words(pid))


def _words(pid: int) -> str:
    """The command line, as one line."""
    return " ".join(processes.words(pid).split())[:LONGEST]
