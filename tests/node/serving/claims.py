"""The end of every serving test: its figures are recorded for the claim, and no client noticed anything."""

from collections.abc import Callable

from tests.node.streams import Report

Record = Callable[[str, object], None]


def unharmed(report: Report, record: Record) -> None:
    """Fail with every request that failed and every stream that was cut."""
    for name, count in report.figures.items():
        record(name, count)
    assert (report.failed, report.cut) == ((), ()), "\n".join((*report.failed, *report.cut))
