"""A replica's next steps for the adapters on its list, from its folder, its engine's list and the time.

Each step is small and can be repeated: its effect is observed afterwards, never remembered. An adapter that left the
list stays loaded for a minute, since a router may have chosen it a moment ago.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from fairlead.adapting.load_list import LoadEntry
from fairlead.fleet.adapters import (
    FINAL_REASONS,
    SEPARATOR,
    AdapterPlace,
    AdapterProblem,
    AdapterReason,
    AdapterState,
)

UNLOAD_AFTER_S: Final = 60.0
"""As long as a request may wait in a router for an adapter that it was promised."""
FIRST_PAUSE_S: Final = 5.0
LONGEST_PAUSE_S: Final = 60.0
"""A hub may answer again."""
REFUSED_PAUSE_S: Final = 60.0
LONGEST_REFUSED_PAUSE_S: Final = 600.0
"""A folder may be repaired under the same digest; until then each try reads all of its files for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTry:
    """The result of the last try to stage or to load a version."""

    problem: AdapterProblem
    again_at: float
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaView:
    """One observation of a replica."""

    wanted: tuple[LoadEntry, ...]
    staged: frozenset[str] = frozenset()
    """Digests of the checked files in the folder."""
    loaded: frozenset[str] | None = frozenset()
    """Names that the engine lists; None while it does not answer."""
    failed: Mapping[str, FailedTry] = field(default_factory=dict)
    """By name in the engine."""
    unwanted_since: Mapping[str, float] = field(default_factory=dict)
    """Names that left the list, or digests whose files are no longer needed, and when."""


@dataclass(frozen=True, slots=True)
class StageStep:
    """Read its files, and check them."""

    entry: LoadEntry


@dataclass(frozen=True, slots=True)
class LoadStep:
    """Have the engine load it."""

    entry: LoadEntry


@dataclass(frozen=True, slots=True)
class UnloadStep:
    """Have the engine unload it."""

    name: str


@dataclass(frozen=True, slots=True)
class DiscardStep:
    """Remove its files."""

    digest: str


LoaderStep = StageStep | LoadStep | UnloadStep | DiscardStep


def is_ours(name: str) -> bool:
    """Whether a name in an engine is that of a version; others come from the spec and stay."""
    return SEPARATOR in name


def steps(view: ReplicaView, now: float) -> tuple[LoaderStep, ...]:
    """Return everything that can be done now; loads before files are read, since they take milliseconds."""
    return (*_loads(view, now), *_unloads(view, now), *_stages(view, now), *_discards(view, now))


def _may_try(view: ReplicaView, entry: LoadEntry, now: float) -> bool:
    tried = view.failed.get(entry.name)
    return tried is None or now >= tried.again_at


def _loads(view: ReplicaView, now: float) -> Iterator[LoaderStep]:
    if view.loaded is None:
        return
    for one in view.wanted:
        if one.name not in view.loaded and one.digest in view.staged and _may_try(view, one, now):
            yield LoadStep(one)


def _stages(view: ReplicaView, now: float) -> Iterator[LoaderStep]:
    for one in view.wanted:
        if one.digest not in view.staged and _may_try(view, one, now):
            yield StageStep(one)


def _unloads(view: ReplicaView, now: float) -> Iterator[LoaderStep]:
    for name in sorted(view.loaded or ()):
        if is_ours(name) and _is_over(view, name, now):
            yield UnloadStep(name)


def _discards(view: ReplicaView, now: float) -> Iterator[LoaderStep]:
    """Discard files as late as their names: an engine reads them again when a slot was given to another adapter."""
    for digest in sorted(view.staged):
        if _is_over(view, digest, now):
            yield DiscardStep(digest)


def _is_over(view: ReplicaView, what: str, now: float) -> bool:
    since = view.unwanted_since.get(what)
    return since is not None and now >= since + UNLOAD_AFTER_S


def unwanted(view: ReplicaView, now: float) -> Mapping[str, float]:
    """Return the next `unwanted_since`."""
    kept = {one.name for one in view.wanted} | {one.digest for one in view.wanted}
    present = {name for name in view.loaded or () if is_ours(name)} | view.staged
    if view.loaded is None:
        present |= {one for one in view.unwanted_since if is_ours(one)}
    return {one: view.unwanted_since.get(one, now) for one in sorted(present - kept)}


def failed(before: FailedTry | None, problem: AdapterProblem, now: float) -> FailedTry:
    """Record a failed try; pauses double."""
    times = 1 if before is None else before.times + 1
    final = problem.reason in FINAL_REASONS
    first, longest = (REFUSED_PAUSE_S, LONGEST_REFUSED_PAUSE_S) if final else (FIRST_PAUSE_S, LONGEST_PAUSE_S)
    pause = min(first * 2 ** min(times - 1, 8), longest)
    return FailedTry(problem=problem, again_at=now + pause, times=times)


def is_complete(view: ReplicaView) -> bool:
    """Whether each version is loaded, or was tried and failed: one that cannot be loaded keeps no replica back."""
    loaded = view.loaded
    return loaded is not None and all(one.name in loaded or one.name in view.failed for one in view.wanted)


def places(view: ReplicaView) -> tuple[AdapterPlace, ...]:
    """Return the state of each version."""
    return tuple(_place(view, one) for one in view.wanted)


def _place(view: ReplicaView, entry: LoadEntry) -> AdapterPlace:
    if view.loaded is not None and entry.name in view.loaded:
        return AdapterPlace(name=entry.name, state=AdapterState.LOADED)
    tried = view.failed.get(entry.name)
    if tried is not None:
        problem = tried.problem
        return AdapterPlace(name=entry.name, state=AdapterState.FAILED, reason=problem.reason, message=problem.message)
    if entry.digest in view.staged and view.loaded is not None:
        return AdapterPlace(name=entry.name, state=AdapterState.STAGED)
    if entry.digest in view.staged:
        return AdapterPlace(
            name=entry.name,
            state=AdapterState.STAGED,
            reason=AdapterReason.ENGINE_SILENT,
            message="its files are checked; wait for the engine to start",
        )
    return AdapterPlace(
        name=entry.name,
        state=AdapterState.WAITING,
        reason=AdapterReason.STAGING,
        message="its files are being read; wait for them",
    )
