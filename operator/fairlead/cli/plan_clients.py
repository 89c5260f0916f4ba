"""ServeGen's clients as traffic of a plan: their busiest windows, drawn with their own gaps and lengths.

A summary of them, an even rate with one burst, has none of the bursts that single clients send: fleets planned for it
keep far less than the same file shows in `fairlead simulate`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fairlead.backtest import drawn_traffic
from fairlead.backtest.play import PlayedTraffic
from fairlead.cli import client_mixes, trace_lines
from fairlead.cli.simulate_traffic import PlainRequests
from fairlead.simulator.traffic import client_mix
from fairlead.simulator.traffic.arrivals import UnreadableTraffic
from fairlead.simulator.traffic.client_mix import WINDOW_S, ChanceStreams, ClientMixWindow

MOST_REQUESTS: Final = 20_000
"""Of more, the busiest windows are drawn: at least as many as have so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyClients:
    """Windows in a row, and where they lie in the file."""

    windows: Sequence[ClientMixWindow]
    first: float
    """Start of the file's first window."""
    whole: bool
    """Whether these are all windows of the file."""

    @property
    def seconds(self) -> float:
        """From the start of the first window to the end of the last."""
        return self.windows[-1].start + WINDOW_S - self.windows[0].start

    @property
    def rate(self) -> float:
        """Requests a second in the busiest window."""
        return max(one.requests for one in self.windows) / WINDOW_S

    def drawn(self, streams: ChanceStreams) -> PlayedTraffic:
        """Draw single requests; the same random streams draw the same."""
        began, found = self.windows[0].start, PlainRequests()
        for window in self.windows:
            for one in client_mix.arrivals(window, streams):
                one.time -= began
                found.add(one)
        return PlayedTraffic(arrivals=found.arrivals, seconds=self.seconds)

    def words(self, path: Path, seeds: int) -> str:
        """Say what is played."""
        words = f"{path.name}: clients with their own bursts and lengths, drawn by {seeds} seeds, "
        if self.whole:
            return f"{words}{self.seconds / 60:.0f} min"
        since = (self.windows[0].start - self.first) / 60
        return f"{words}busiest {self.seconds / 60:.0f} min, from minute {since:.0f} on"


def busiest(path: Path) -> BusyClients | None:
    """Find the busiest windows; None if no gaps are described, or no request is sent, or more than can be drawn."""
    with trace_lines.opened(path) as rates:
        if not client_mixes.describes(next((line for line in rates if line.strip()), "")):
            return None
    try:
        with trace_lines.opened(path) as rates, trace_lines.opened(client_mixes.lengths_of(path)) as lengths:
            found = list(client_mix.windows(rates, lengths))
    except UnreadableTraffic as problem:
        raise UnreadableTraffic(f"{path}: {problem}") from problem
    since, until = _densest(found)
    busy = BusyClients(windows=found[since:until], first=found[0].start, whole=until - since == len(found))
    return busy if 0 < busy.rate <= drawn_traffic.MOST_RATE else None


def _densest(windows: Sequence[ClientMixWindow]) -> tuple[int, int]:
    """Return the shortest run of windows with the wanted requests, of equal ones the one with most; all if none has."""
    best, since, held = (0, len(windows)), 0, 0
    shortest: tuple[float, int] | None = None
    for until, window in enumerate(windows, start=1):
        held += window.requests
        while held - windows[since].requests >= MOST_REQUESTS:
            held -= windows[since].requests
            since += 1
        if held >= MOST_REQUESTS:
            found = (window.start - windows[since].start, -held)
            if shortest is None or found < shortest:
                best, shortest = (since, until), found
    return best
