"""The file of a sweep, written as it goes: each result is on disk before the next measurement."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from fairlead.cli.sweep.argument_error import SweepArgumentError
from fairlead.cli.sweep.target import SweepTarget
from fairlead.fleet.sweeps import SkippedWork
from fairlead.simulator.sweep import sweep_file
from fairlead.simulator.sweep.measurements import (
    EngineColdStart,
    SleepMeasurement,
    StepMeasurement,
    SweepRecord,
    SweptDeployment,
)
from fairlead.simulator.sweep.sweep_file import SweepLine


@dataclass(slots=True)
class SweepLog:
    """The results so far, in memory and on disk."""

    place: Path
    record: SweepRecord

    def keep(self, found: SweepLine) -> None:
        """Append one line."""
        self.record = _with(self.record, found)
        self._append(sweep_file.line(found))

    def name_engine(self, engine: str) -> None:
        """Record the engine's version, which is known once it runs; a file of another version is refused."""
        measured = self.record.deployment
        if measured.engine == engine:
            return
        if self.place.exists() and self.record.starts:
            raise SweepArgumentError(
                f"--out {self.place}: was measured on {measured.engine}, and {engine} runs here; name another file"
            )
        self.record = replace(self.record, deployment=replace(measured, engine=engine))
        self.place.write_text(sweep_file.header(self.record.deployment), encoding="utf-8")
        for one in self.record.skipped:
            self._append(sweep_file.line(one))

    def _append(self, text: str) -> None:
        if not self.place.exists():
            return
        with self.place.open("a", encoding="utf-8") as sink:
            sink.write(text)
            sink.flush()
            os.fsync(sink.fileno())


def opened(place: Path, target: SweepTarget) -> SweepLog:
    """Open the file of an earlier run of this deployment, or a new one."""
    deployment = target.deployment()
    if not place.exists():
        return SweepLog(place, SweepRecord(deployment=deployment))
    text = sweep_file.complete(place.read_text(encoding="utf-8"))
    record = sweep_file.read(text)
    _check(place, record.deployment, deployment)
    place.write_text(text, encoding="utf-8")
    return SweepLog(place, record)


def _check(place: Path, found: SweptDeployment, wanted: SweptDeployment) -> None:
    """Refuse a file of another deployment."""
    for name in SweptDeployment.__slots__:
        was, now = getattr(found, name), getattr(wanted, name)
        if name != "engine" and was != now:
            raise SweepArgumentError(
                f"--out {place}: was measured with {name} {was}, and now it is {now}; name another file"
            )


def _with(record: SweepRecord, found: SweepLine) -> SweepRecord:
    match found:
        case StepMeasurement():
            return replace(record, steps=(*record.steps, found))
        case EngineColdStart():
            return replace(record, starts=(*record.starts, found))
        case SleepMeasurement():
            return replace(record, sleeps=(*record.sleeps, found))
        case SkippedWork():
            return replace(record, skipped=(*record.skipped, found))
