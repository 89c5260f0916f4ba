"""Timelines as plain SVG: stepped lines, with gaps for unknown values, and their maximum as text."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.console import figures
from fairlead.console.elements import Markup, element, section
from fairlead.console.history import HistoryPoint

WIDTH: Final = 600
HEIGHT: Final = 80

Value = Callable[[HistoryPoint], float | None]


@dataclass(frozen=True, slots=True)
class TimelinePanel:
    """Lines on one scale."""

    title: str
    lines: tuple[tuple[str, Value], ...]
    words: Callable[[float | None], str]


PANELS: Final = (
    TimelinePanel(
        "Replicas", (("ready", lambda one: one.ready), ("desired (dashed)", lambda one: one.wanted)), figures.count
    ),
    TimelinePanel("Requests waiting", (("waiting", lambda one: one.waiting),), figures.count),
    TimelinePanel("KV cache in use", (("in use", lambda one: one.kv_usage),), figures.share),
    TimelinePanel(
        "Requests a second",
        (("demand", lambda one: one.demand), ("supply (dashed)", lambda one: one.supply)),
        figures.rate,
    ),
)


def timelines(points: Sequence[HistoryPoint]) -> Markup:
    """Draw all panels, or say why there are none yet."""
    if len(points) < 2:
        words = "The lines show what the leading operator has observed; it has just started."
        return section("The last hour", element("p", words, class_="faint"))
    span = f"From {figures.moment(points[0].at)} to {figures.moment(points[-1].at)}"
    return section("The last hour", element("p", span, class_="faint"), *(_panel(one, points) for one in PANELS))


def _panel(panel: TimelinePanel, points: Sequence[HistoryPoint]) -> Markup:
    values = [[value(one) for one in points] for _, value in panel.lines]
    most = max((one for line in values for one in line if one is not None), default=None)
    latest = ", ".join(f"{panel.words(line[-1])} {name}" for (name, _), line in zip(panel.lines, values, strict=True))
    words = f"{panel.title}: {latest} now; at most {panel.words(most)}"
    times = [one.at for one in points]
    paths = (
        element("path", d="".join(_steps(times, line, most or 1.0)), class_=f"line-{at}")
        for at, line in enumerate(values)
    )
    drawn = element(
        "svg", *paths, viewBox=f"0 0 {WIDTH} {HEIGHT}", preserveAspectRatio="none", role="img", aria_label=words
    )
    return element("figure", element("figcaption", words), drawn)


def _steps(times: Sequence[float], values: Sequence[float | None], most: float) -> Iterator[str]:
    first, span, broken = times[0], max(times[-1] - times[0], 1.0), True
    for at, value in zip(times, values, strict=True):
        across = WIDTH * (at - first) / span
        if value is not None:
            up = HEIGHT - 2 - (HEIGHT - 4) * value / most
            yield f"M{across:.1f} {up:.1f}" if broken else f"H{across:.1f}V{up:.1f}"
        broken = value is None
