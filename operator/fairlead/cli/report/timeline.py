"""The fleet over time against its traffic: requests a second, ready replicas, and waiting requests."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from fairlead.backtest.play import SNAPSHOT_SECONDS, PlayedTraffic
from fairlead.backtest.repeats import Repeated
from fairlead.cli.report import markup
from fairlead.cli.report.template import DASHES
from fairlead.simulator.virtual_fleet.report import FleetGauges

MAX_POINTS: Final = 720
"""Of one line; of a longer run, each point is the maximum of several minutes."""
HIGH: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalRates:
    """Arrival rate per interval."""

    width_s: float
    since: float
    a_second: tuple[float, ...]

    @classmethod
    def of(cls, traffic: PlayedTraffic) -> "ArrivalRates":
        """Count the arrivals of the measured part, in as many intervals as are drawn."""
        minutes = int((traffic.seconds - traffic.since) // SNAPSHOT_SECONDS) + 1
        width = SNAPSHOT_SECONDS * -(-minutes // MAX_POINTS)
        counts = array("q", bytes(8 * (int((traffic.seconds - traffic.since) // width) + 1)))
        for one in traffic.arrivals(16):
            if traffic.since <= one.time <= traffic.seconds:
                counts[int((one.time - traffic.since) // width)] += 1
        return cls(width_s=width, since=traffic.since, a_second=tuple(one / width for one in counts))

    def gathered(self, gauges: FleetGauges, values: Sequence[int]) -> list[int | None]:
        """The maximum of each interval; None if nothing was recorded."""
        found: list[int | None] = [None] * len(self.a_second)
        for at, value in zip(gauges.at, values, strict=True):
            place = int((at - self.since) // self.width_s)
            if 0 <= place < len(found):
                found[place] = max(value, found[place] or 0)
        return found


def figure(rows: Sequence[Repeated], rates: ArrivalRates) -> str:
    """Draw three panels on one time axis, the legend, and a cursor for pointer and keyboard."""
    gauges = [one.runs[0].report.gauges for one in rows]
    ready = [rates.gathered(one, one.ready) for one in gauges]
    waiting = [rates.gathered(one, _sum(one.held, one.waiting)) for one in gauges]
    starting = [rates.gathered(one, one.starting) for one in gauges]
    minutes = len(rates.a_second) * rates.width_s / 60
    demand = [round(one, 2) for one in rates.a_second]
    most = max(demand, default=0.0)
    fleets = [
        {"name": row.name, "ready": up, "starting": soon, "waiting": queue}
        for row, up, soon, queue in zip(rows, ready, starting, waiting, strict=True)
    ]
    most_ready = max((row.runs[0].max_replicas for row in rows), default=0)
    times = [round(at * rates.width_s / 60) for at in range(len(demand))]
    values: dict[str, Any] = {"minutes": times, "demand": demand, "fleets": fleets}
    return "\n".join(
        [
            _keys(rows),
            _panel("Requests a second", f"{most:g}", _area(demand, most)),
            *_lines_of("Replicas that are ready", ready, most_ready),
            *_lines_of("Requests that wait", waiting),
            f'<div class="ends"><span>minute 0</span><span>minute {minutes:.0f}</span></div>',
            '<label for="minute">Minute (arrow keys move it)</label>',
            f'<input id="minute" type="range" min="0" max="{max(len(demand) - 1, 0)}" value="0">',
            '<output id="moment" for="minute"></output>',
            markup.data("series", values),
        ]
    )


def _sum(one: Sequence[int], other: Sequence[int]) -> list[int]:
    return [left + right for left, right in zip(one, other, strict=True)]


def _keys(rows: Sequence[Repeated]) -> str:
    parts = (
        f'<li><svg class="key" viewBox="0 0 40 8" aria-hidden="true"><path d="M0 4H40" {_stroke(at)} '
        f'stroke-width="3"/></svg>{escape(row.name)}</li>'
        for at, row in enumerate(rows)
    )
    return f'<ul class="keys">{"".join(parts)}</ul>'


def _stroke(at: int) -> str:
    colour = at % len(DASHES)
    dash = DASHES[(at + at // len(DASHES)) % len(DASHES)]
    return f'style="stroke:var(--line-{colour})" stroke-dasharray="{dash}"'


def _lines_of(head: str, lines: Sequence[Sequence[int | None]], least: int = 0) -> Iterator[str]:
    """Draw lines up to their maximum; at least to the one between two of their points."""
    most = max((value for line in lines for value in line if value is not None), default=0)
    most = max(most, least)
    drawn = "".join(
        f'<path d="{_steps(line, lambda value: _height(value, most))}" {_stroke(at)}/>' for at, line in enumerate(lines)
    )
    yield _panel(head, f"{most:,}", drawn)


def _panel(head: str, most: str, drawn: str) -> str:
    grid = "".join(f'<line class="grid" x1="0" x2="1000" y1="{at}" y2="{at}"/>' for at in (25, 50, 75))
    label = f"{head} over time, at most {most}; the values are read by the slider below"
    return (
        f'<div class="panel"><div class="faint">{head}</div><span class="most">at most {most}</span>'
        f'<svg viewBox="0 0 1000 {HIGH}" preserveAspectRatio="none" role="img" aria-label="{escape(label)}">{grid}'
        f'{drawn}<line class="cursor" x1="0" x2="0" y1="0" y2="{HIGH}"/></svg></div>'
    )


def _height(value: float, most: float) -> float:
    """Distance from the top, with a margin so that a line along it stays visible."""
    return round(HIGH - 2 - 94 * value / most, 1) if most else HIGH - 2.0


def _area(values: Sequence[float], most: float) -> str:
    outline = _steps(values, lambda value: _height(value, most))
    return f'<path class="area" d="{outline}V{HIGH}H0Z"/><path d="{outline}" style="stroke:var(--faint)"/>'


def _steps(values: Sequence[float | None], height: Callable[[float], float]) -> str:
    """A stepped line, with gaps where there is no value."""
    width, parts, broken = 1000 / max(len(values), 1), list[str](), True
    for at, value in enumerate(values):
        if value is not None:
            begin = f"M{at * width:.1f} {height(value)}" if broken else f"V{height(value)}"
            parts.append(f"{begin}H{(at + 1) * width:.1f}")
        broken = value is None
    return "".join(parts)
