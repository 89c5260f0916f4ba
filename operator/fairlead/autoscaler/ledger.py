"""Records decisions: a short line in the log, and whole records in files if a path is set. Bounded.

A thread writes the files, so that a slow disk delays no decision; records that it cannot take are dropped and counted.
"""

import logging
import queue
import threading
from pathlib import Path
from typing import Final

from fairlead.scaling.explain import record_codec
from fairlead.scaling.explain.decision_record import DecisionRecord

EVERY_S: Final = 60.0
"""How often an unchanged decision is logged, so that a log without lines means a process without decisions."""
LARGEST_FILE: Final = 64 * 1024 * 1024
MAX_FILES: Final = 8
"""Most files; the oldest is deleted when a new one is begun."""
MAX_WAITING: Final = 10_000
NAME: Final = "decisions.jsonl"

log = logging.getLogger("fairlead.decisions")


class LedgerPlaceError(Exception):
    """There is no folder for the records, and none can be made; the message names the option."""


class Ledger:
    """The ledger of one process."""

    def __init__(self, place: Path | None) -> None:
        self.dropped = 0
        self._logged: dict[str, tuple[float, tuple[object, ...]]] = {}
        self._lines: queue.Queue[bytes | None] = queue.Queue(MAX_WAITING)
        self._writer: threading.Thread | None = None
        if place is not None:
            path = place / NAME if place.is_dir() or not place.suffix else place
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as problem:
                raise LedgerPlaceError(f"--decisions {place}: {problem.strerror}; name a writable folder") from problem
            self._writer = threading.Thread(target=_write, args=(path, self._lines), name="ledger", daemon=True)
            self._writer.start()

    def note(self, uid: str, record: DecisionRecord) -> None:
        """Record one decision."""
        self._log(uid, record)
        if self._writer is None:
            return
        try:
            self._lines.put_nowait(record_codec.encode(record) + b"\n")
        except queue.Full:
            self.dropped += 1

    def keep(self, uids: frozenset[str]) -> None:
        """Forget deployments that were deleted."""
        for uid in self._logged.keys() - uids:
            del self._logged[uid]

    def close(self) -> None:
        """Write what is queued, then stop the thread."""
        if self._writer is not None:
            self._lines.put(None)
            self._writer.join(timeout=5.0)

    def _log(self, uid: str, record: DecisionRecord) -> None:
        """Log the decision when it changes, and once a minute."""
        recommendation = record.recommendation
        matter = (recommendation.replicas, recommendation.asleep, recommendation.speculates, recommendation.reason)
        last = self._logged.get(uid)
        if last is not None and last[1] == matter and 0 <= record.now - last[0] < EVERY_S:
            return
        self._logged[uid] = (record.now, matter)
        about = {"namespace": record.namespace, "name_of_object": record.name, "reason": recommendation.reason.value}
        log.info(
            "%d wanted, %d recommended: %s",
            record.facts.wanted,
            recommendation.replicas,
            recommendation.message,
            extra=about,
        )


def _write(path: Path, lines: "queue.Queue[bytes | None]") -> None:
    """Write lines until a None arrives; a write error is logged once, and the next line is tried again."""
    complained = False
    while (line := lines.get()) is not None:
        try:
            if path.exists() and path.stat().st_size + len(line) > LARGEST_FILE:
                _turn(path)
            with path.open("ab") as file:
                file.write(line)
                while not lines.empty() and file.tell() < LARGEST_FILE:
                    more = lines.get()
                    if more is None:
                        return
                    file.write(more)
            complained = False
        except OSError as problem:
            if not complained:
                log.warning("records cannot be written to %s: %s", path, problem)
            complained = True


def _turn(path: Path) -> None:
    """Rotate: decisions.jsonl becomes .1, .1 becomes .2, and so on; the last is deleted."""
    for number in range(MAX_FILES - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    path.replace(path.with_name(f"{path.name}.1"))
    path.with_name(f"{path.name}.{MAX_FILES}").unlink(missing_ok=True)
