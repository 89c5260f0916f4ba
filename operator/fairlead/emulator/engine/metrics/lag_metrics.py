"""Metric families of the emulation itself, on every kind's page: how far it lags behind the engine."""

from collections.abc import Iterator

from fairlead.emulator.engine.lag import StepLag
from fairlead.telemetry import client_exposition
from fairlead.telemetry import engine_families as families


def lines(lag: StepLag, born: float) -> Iterator[str]:
    """Yield their lines."""
    yield from client_exposition.family_lines(families.LAG, [({}, lag.mean)], born)
    yield from client_exposition.family_lines(families.LAGGING, [({}, float(lag.slipping))], born)
    yield from client_exposition.family_lines(families.LATE, [({}, lag.steps_late)], born)
