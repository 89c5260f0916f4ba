"""What tests noted while they ran, in pytest's own report: the figures behind a claim, counted where they arose."""

import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from prove import programs
from prove.programs import Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Noting:
    """A run of tests, and the numbers they noted, by name."""

    ended: Ended
    numbers: Mapping[str, tuple[float, ...]]

    @property
    def well(self) -> bool:
        """Everything ran and passed."""
        return self.ended.ok and self.ended.tests.all_passed

    @property
    def unharmed(self) -> bool:
        """Requests were sent, and none of them failed."""
        return self.total("requests") > 0 and self.total("failed") == 0 and self.total("cut") == 0

    @property
    def traffic(self) -> str:
        """What was sent and what became of it."""
        counts = {name: self.total(name) for name in ("requests", "streams", "failed", "cut")}
        return "{requests:,} requests, {streams:,} of them streams: {failed} failed, {cut} cut".format(**counts)

    def total(self, name: str) -> int:
        """All that was noted under a name, added up."""
        return int(sum(self.numbers.get(name, ())))

    def most(self, name: str) -> float | None:
        """The largest number of a name; nothing where none was noted."""
        return max(self.numbers.get(name, ()), default=None)

    def least(self, name: str) -> float | None:
        """The smallest number of a name; nothing where none was noted."""
        return min(self.numbers.get(name, ()), default=None)


def pytest(*words: str, extra: Mapping[str, str] | None = None) -> Noting:
    """Run tests of this tree and read what they noted."""
    with tempfile.TemporaryDirectory(prefix="fairlead-noted-") as folder:
        report = Path(folder) / "report.xml"
        ended = programs.pytest("-o", "junit_family=xunit1", f"--junitxml={report}", *words, extra=extra)
        written = report.read_text(encoding="utf-8") if report.exists() else "<none/>"
    return Noting(ended=ended, numbers=numbers(written))


def numbers(report: str) -> dict[str, tuple[float, ...]]:
    """The properties of a report that are numbers, in the order of the tests."""
    found: dict[str, tuple[float, ...]] = {}
    for one in ET.fromstring(report).iter("property"):  # noqa: S314  # pytest wrote it a moment ago
        name, value = one.get("name", ""), one.get("value", "")
        if value.replace(".", "", 1).isdigit():
            found[name] = (*found.get(name, ()), float(value))
    return found
