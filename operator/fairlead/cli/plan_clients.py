"""ServeGen's clients as traffic of a plan: their busiest windows, drawn with their own gaps and lengths.

A summary of them, an even rate with one burst, has none of the bursts that single clients send: fleets planned for it
keep far less than the same file shows in `fairlead simulate`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from fairlead.backtest import busiest_part, drawn_traffic
from fairlead.backtest.play import PlayedTraffic
from fairlead.cli import client_mixes, trace_lines
from fairlead.cli.simulate_traffic import PlainRequests
from fairlead.simulator.traffic import client_mix
from fairlead.simulator.traffic.client_mix import WINDOW_S, ChanceStreams, ClientMixWindow

MAX_REQUESTS: Final = 20_000
"""Of more, the busiest windows are drawn: at least as many as have so many."""
MAX_DRAWN: Final = int(drawn_traffic.MAX_REQUESTS)
"""Only a single window can have more; of it the first ones are drawn."""
MIN_S: Final = 1.0
"""A cut window lasts this long even if all its drawn requests arrive at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyClients:
    """Windows in a row, and where they lie in the file."""

    windows: Sequence[ClientMixWindow]
    first: float
    """Start of the file's first window."""
    described: float
    """Start of the first one in which a client has lengths; those before it cannot be drawn."""
    whole: bool
    """Whether these are all windows from there on."""

    @property
    def seconds(self) -> float:
        """From the start of the first window to the end of the last."""
        return self.windows[-1].start + WINDOW_S - self.windows[0].start

    @property
    def rate(self) -> float:
        """Requests a second in the busiest window."""
        return max(one.requests for one in self.windows) / WINDOW_S

    @property
    def requests(self) -> int:
        """Requests in these windows, of which at most `MAX_DRAWN` are drawn."""
        return sum(one.requests for one in self.windows)

    def drawn(self, streams: ChanceStreams) -> PlayedTraffic:
        """Draw single requests; the same random streams draw the same."""
        began, found, last = self.windows[0].start, PlainRequests(), 0.0
        every = (one for window in self.windows for one in client_mix.arrivals(window, streams))
        for one in islice(every, MAX_DRAWN):
            one.time -= began
            found.add(one)
            last = one.time
        seconds = max(last, MIN_S) if self.requests > MAX_DRAWN else self.seconds
        return PlayedTraffic(arrivals=found.arrivals, seconds=seconds)

    def words(self, path: Path, seeds: int) -> str:
        """Say what is played."""
        words = f"{path.name}: clients with their own bursts and lengths, drawn by {seeds} seeds, "
        words += f"{'' if self.whole else 'busiest '}{self.seconds / 60:.0f} min"
        if not self.whole or self.first < self.described:
            words += f", from minute {(self.windows[0].start - self.first) / 60:.0f} on"
        if self.requests > MAX_DRAWN:
            words += f", cut after {MAX_DRAWN:,} of {self.requests:,} requests"
        if self.first < self.described:
            words += f"; its first {(self.described - self.first) / 60:.0f} min, without lengths, are left out"
        return words


def busiest(path: Path) -> BusyClients | None:
    """Find the busiest windows with lengths; None if there are no shapes of gaps, no requests, or too many to draw."""
    with trace_lines.opened(path) as rates:
        if not client_mixes.describes(next((line for line in rates if line.strip()), "")):
            return None
    with trace_lines.opened(path) as rates, trace_lines.opened(client_mixes.lengths_of(path)) as lengths:
        found = list(client_mix.windows(rates, lengths))
    described = [one for one in found if one.lengths]
    if not described:
        return None
    dense = busiest_part.densest(((one.start, one.requests) for one in described), MAX_REQUESTS)
    busy = BusyClients(
        windows=described[dense.first : dense.until] if dense else described,
        first=found[0].start,
        described=described[0].start,
        whole=dense is None,
    )
    return busy if 0 < busy.rate <= drawn_traffic.MAX_RATE else None
