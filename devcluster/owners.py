"""Whose a cluster is: the processes that it ends with, or a person who ends it; and since when it is there.

A process is known by its number and its start, since numbers are used again. Whoever starts programs that may bring up
clusters hands its own identity on in the environment, so that a cluster ends with the first of them that goes.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Final

from devcluster import processes
from devcluster.layout import Layout

OWNERS: Final = "DEVCLUSTER_OWNERS"
"""In the environment: `PID:START` of each process that a cluster is to end with."""
LONGEST: Final = 80
"""Of the words of a process, as people read them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """One process."""

    pid: int
    started: int
    """In clock ticks since the machine's start."""
    words: str = ""
    """What it is called with."""

    @property
    def is_alive(self) -> bool:
        """Whether it runs still."""
        return processes.is_alive({"pid": self.pid, "started": self.started})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Of one cluster."""

    since: float
    """When the cluster was started, in seconds since the epoch."""
    owners: tuple[Owner, ...] = ()
    """None: it is a person's."""

    @property
    def holds(self) -> bool:
        """Whether all of them are there."""
        return all(one.is_alive for one in self.owners)


def mine() -> tuple[Owner, ...]:
    """This process, and those that it was started by as far as they said so."""
    return (*inherited(os.environ), _owner(os.getpid()))


def inherited(environment: Mapping[str, str]) -> tuple[Owner, ...]:
    """Those that the environment names; `ValueError` where it names them in another form."""
    found = []
    for word in environment.get(OWNERS, "").split():
        pid, _, started = word.partition(":")
        if not (pid.isdigit() and started.isdigit()):
            raise ValueError(f"{OWNERS}={environment[OWNERS]!r}: an owner is written PID:START, or leave it unset")
        found.append(Owner(pid=int(pid), started=int(started), words=_words(int(pid))))
    return tuple(found)


def handed_on() -> dict[str, str]:
    """For the environment of programs that may bring up clusters for this process."""
    return {OWNERS: " ".join(dict.fromkeys(f"{one.pid}:{one.started}" for one in mine()))}


def keep(layout: Layout, owners: Iterable[Owner]) -> None:
    """Write down whose the cluster is from now on; when it was started stays."""
    before = read(layout)
    ownership = Ownership(since=time.time() if before is None else before.since, owners=tuple(owners))
    fresh = layout.owners.with_suffix(".fresh")
    fresh.write_text(json.dumps(asdict(ownership)))
    fresh.replace(layout.owners)


def read(layout: Layout) -> Ownership | None:
    """Whose it is; nothing where there is no cluster, or one that an older release started."""
    try:
        kept = json.loads(layout.owners.read_text())
    except OSError:
        return None
    return Ownership(since=kept["since"], owners=tuple(Owner(**one) for one in kept["owners"]))


def hand_over(layout: Layout) -> None:
    """To whom this process was started by, or to the person at the terminal."""
    if layout.owners.exists():
        keep(layout, inherited(os.environ))


def _owner(pid: int) -> Owner:
    return Owner(**processes.identify(pid), words=_words(pid))


def _words(pid: int) -> str:
    """On one line, whatever its arguments are."""
    return " ".join(processes.words(pid).split())[:LONGEST]
