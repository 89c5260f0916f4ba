"""Figures that tests note while they run, in pytest's own report: counted where they arise."""

import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from prove import programs
from prove.programs import Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Noting:
    """A test run, and the numbers noted in it, by name."""

    ended: Ended
    numbers: Mapping[str, tuple[float, ...]]

    @property
    def well(self) -> bool:
        """Whether everything ran and passed."""
        return self.ended.ok and self.ended.tests.all_passed

    @property
    def unharmed(self) -> bool:
        """Whether requests were sent, and none failed."""
        return self.total("requests") > 0 and self.total("failed") == 0 and self.total("cut") == 0

    @property
    def traffic(self) -> str:
        """The requests sent, and their results."""
        counts = {name: self.total(name) for name in ("requests", "streams", "failed", "cut")}
        return "{requests:,} requests, {streams:,} of them streams: {failed} failed, {cut} cut".format(**counts)

    def total(self, name: str) -> int:
        """The sum of a name's numbers."""
        return int(sum(self.numbers.get(name, ())))

    def most(self, name: str) -> float | None:
        """The largest number of a name; None if none was noted."""
        return max(self.numbers.get(name, ()), default=None)

    def least(self, name: str) -> float | None:
        """The smallest number of a name; None if none was noted."""
        return min(self.numbers.get(name, ()), default=None)


def pytest(*words: str, extra: Mapping[str, str] | None = None) -> Noting:
    """Run tests of this tree and read what they noted."""
    with tempfile.TemporaryDirectory(prefix="fairlead-noted-") as folder:
        report = Path(folder) / "report.xml"
        ended = programs.pytest("-o", "junit_family=xunit1", f"--junitxml={report}", *words, extra=extra)
        written = report.read_text(encoding="utf-8") if report.exists() else "<none/>"
    return Noting(ended=ended, numbers=numbers(written))


def numbers(report: str) -> dict[str, tuple[float, ...]]:
    """The numeric properties in a report, in the order of the tests."""
    found: dict[str, tuple[float, ...]] = {}
    for one in ET.fromstring(report).iter("property"):  # noqa: S314  # pytest wrote it a moment ago
        name, value = one.get("name", ""), one.get("value", "")
        if value.replace(".", "", 1).isdigit():
            found[name] = (*found.get(name, ()), float(value))
    return found
