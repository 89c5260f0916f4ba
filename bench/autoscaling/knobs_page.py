"""The fields of a policy as a page of the documentation, a picture for each. The only module here that writes files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from bench.autoscaling.knob_settings import Knob
from bench.autoscaling.playing import Played

PAGE: Final = "autoscaler-knobs.md"
WIDTH: Final = 640
HEIGHT: Final = 200
MARGIN: Final = 40
COLOURS: Final = ("#1f5fa8", "#c2571a", "#3a7d44")
"""Blue, orange, green, as in the comparison."""
INTRODUCTION: Final = """# What each field of an AutoscalingPolicy does

Written by `python -m bench.autoscaling.knobs --page docs/reference`; changes here are lost. How to choose them is in
[autoscaling](../autoscaling.md).

Every picture shows the same simulated hour and a half: each replica is one Llama-3.1-8B on an A10G, cold start 110 s;
one to seven requests a second within the hour, and three more a second for five minutes in the middle (grey, right
scale). The lines are the replicas requested (left scale). Only the named field differs, all others have their default,
with objectives ttftP95 2s and tpotP95 100ms. *Attainment* is the share of requests within 2 s and 100 ms, whatever the
field says; *GPU hours* count a replica from when it is wanted until it is gone. Scale to zero is shown on a night with
one request an hour.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """A field and the result of each of its values."""

    knob: Knob
    played: tuple[Played, ...]
    arrivals: tuple[float, ...]
    """Requests a second, by minute from the start of the reported part."""
    since: float
    until: float


def write(found: Sequence[Turned], folder: Path) -> None:
    """Write the page, and its pictures beside it."""
    lines = [INTRODUCTION]
    for one in found:
        picture = f"autoscaler-knob-{one.knob.name}.svg"
        (folder / picture).write_text(drawing(one), encoding="utf-8")
        lines += [f"## {one.knob.field}", "", one.knob.expectation, "", f"![{one.knob.field}]({picture})", ""]
        lines += ["| setting | attainment | GPU hours | most replicas |", "|---|---|---|---|"]
        lines += [
            f"| {played.who} | {played.attainment:.1%} | {played.gpu_hours:.1f} | {max(_within(one, played))} |"
            for played in one.played
        ]
        lines.append("")
    (folder / PAGE).write_text("\n".join(lines), encoding="utf-8")


def drawing(turned: Turned) -> str:
    """Traffic as an area, replicas as one stepped line per setting."""
    width, height = WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN + 20
    most = max(max(_within(turned, played)) for played in turned.played)
    size, font = f'viewBox="0 0 {width} {height}"', 'font-family="sans-serif" font-size="11"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>',
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            *_frame(turned, most),
            *(
                f'<path d="{_line(turned, played, most)}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
                for played, colour in zip(turned.played, COLOURS, strict=False)
            ),
            *_legend(turned),
            "</svg>",
            "",
        ]
    )


def _frame(turned: Turned, most: int) -> Iterator[str]:
    peak, minutes = max(turned.arrivals), (turned.until - turned.since) / 60
    across = WIDTH / len(turned.arrivals)
    area = "".join(
        f"V{MARGIN + HEIGHT * (1 - rate / peak):.1f}H{MARGIN + (place + 1) * across:.1f}"
        for place, rate in enumerate(turned.arrivals)
    )
    yield f'<path d="M{MARGIN} {MARGIN + HEIGHT}{area}V{MARGIN + HEIGHT}Z" fill="#e6e6e6"/>'
    yield f'<rect x="{MARGIN}" y="{MARGIN}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#ccc"/>'
    yield f'<text x="{MARGIN - 6}" y="{MARGIN + 10}" text-anchor="end">{most}</text>'
    yield f'<text x="{MARGIN - 6}" y="{MARGIN + HEIGHT}" text-anchor="end">0</text>'
    yield f'<text x="{MARGIN + WIDTH + 6}" y="{MARGIN + 10}" fill="#888">{peak:.1f}/s</text>'
    yield f'<text x="{MARGIN + WIDTH}" y="{MARGIN + HEIGHT + 14}" text-anchor="end">{minutes:.0f} min</text>'
    yield f'<text x="{MARGIN}" y="{MARGIN - 14}" font-size="13">{escape(turned.knob.field)}</text>'


def _legend(turned: Turned) -> Iterator[str]:
    low = MARGIN + HEIGHT + 34
    for place, (played, colour) in enumerate(zip(turned.played, COLOURS, strict=False)):
        left = MARGIN + place * (WIDTH // 3)
        yield f'<path d="M{left} {low - 4}h18" stroke="{colour}" stroke-width="2"/>'
        words = f"{played.who}: {played.attainment:.1%}, {played.gpu_hours:.1f} GPU h"
        yield f'<text x="{left + 24}" y="{low}">{escape(words)}</text>'


def _within(turned: Turned, played: Played) -> list[int]:
    """The replicas wanted in the reported part."""
    before = [answer for at, answer in played.answers if at <= turned.since][-1:]
    return before + [answer for at, answer in played.answers if turned.since < at < turned.until]


def _line(turned: Turned, played: Played, most: int) -> str:
    across, high = WIDTH / (turned.until - turned.since), HEIGHT / max(most, 1)
    answers = _within(turned, played)
    moments = [at for at, _ in played.answers if turned.since < at < turned.until]
    moments = [turned.since, *moments][-len(answers) :]
    parts = [f"M{MARGIN + (moments[0] - turned.since) * across:.1f} {MARGIN + HEIGHT - answers[0] * high:.1f}"]
    for at, answer in zip(moments[1:], answers[1:], strict=True):
        parts.append(f"H{MARGIN + (at - turned.since) * across:.1f}V{MARGIN + HEIGHT - answer * high:.1f}")
    return "".join([*parts, f"H{MARGIN + WIDTH}"])
