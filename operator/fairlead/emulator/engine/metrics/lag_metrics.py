"""The families of the emulation itself: how far it is behind the engine. Every kind's page has them."""

from collections.abc import Iterator

from fairlead.emulator.engine.lag import StepLag
from fairlead.telemetry import client_exposition
from fairlead.telemetry import engine_families as families


def lines(lag: StepLag, born: float) -> Iterator[str]:
    """Their lines."""
    yield from client_exposition.family_lines(families.LAG, [({}, lag.mean)], born)
    yield from client_exposition.family_lines(families.LAGGING, [({}, float(lag.slipping))], born)
    yield from client_exposition.family_lines(families.LATE, [({}, lag.steps_late)], born)
