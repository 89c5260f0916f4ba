"""docs/levers.md and its pictures, from the figures of one run, which are saved beside them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from house.tree import ROOT

PAGE: Final = ROOT / "docs" / "levers.md"
KEPT: Final = ROOT / "docs" / "reference" / "levers.json"
WIDTH: Final = 760
ROW: Final = 26
LEFT: Final = 250
FONT: Final = 'font-family="sans-serif" font-size="12"'
COLOURS: Final = ("#1f5fa8", "#b8c4d0", "#c2571a")
"""Levers that stay, levers that do not, and the naive fleet."""
COLUMNS: Final = (
    *("lever", "setting", "USD/h", "of naive", "replicas x GPUs", "TTFT p95", "TPOT p95", "cached"),
    "at the naive cost: TTFT, answer p95",
)
HEAD: Final = """# What each lever is worth

This page starts from a naive fleet and applies one serving lever after the other, on the same traffic with the same
objectives. It shows the cost of the cheapest fleet that meets them for 95 % of requests, and the latency its users see.
Articles promise 5-10 times in cost and 3-5 times in latency; these are the results and assumptions of Fairlead's
simulator.

The naive fleet is Llama-3.1-70B in 16 bits on four H100 per replica, without prefix caching, behind a round-robin
Service, with as many replicas at all times as its busiest minutes need. A lever is kept if it makes the fleet cheaper,
or faster for the same cost; a lever that does neither is shown in grey and not kept. If the costs of two settings
differ by less than 2 %, which is noise, the faster one counts. Replicas that follow the load start at the size of the
fixed fleet.

Everything here is simulated, not run: step times are modelled from measured kernels
([accuracy](reference/step-times.md)), and prices are the catalogue's. Eight-bit weights, a small model for easy
requests and cached answers save only what their quality allows: that share is assumed, and only your own evaluation can
confirm it. `make bench-levers` generates this page.
"""


def write(found: Sequence[Mapping[str, Any]]) -> None:
    """Write the page, its pictures, and the figures."""
    KEPT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(text(found), encoding="utf-8")
    for one in found:
        _picture(one).write_text(drawn(one), encoding="utf-8")


def kept() -> list[dict[str, Any]]:
    """The figures of the committed page."""
    return list(json.loads(KEPT.read_text(encoding="utf-8")))


def text(found: Sequence[Mapping[str, Any]]) -> str:
    """The whole page."""
    return "\n".join([HEAD, *(line for one in found for line in _service(one))]) + "\n"


def factors(one: Mapping[str, Any]) -> tuple[float, float]:
    """How much cheaper the last fleet is than the naive one, and how much sooner it answers for the same money."""
    steps = [step for step in one["steps"] if step["found"]]
    first, last = steps[0]["found"], [step for step in steps if step["stays"]][-1]["found"]
    return first["usd_an_hour"] / last["usd_an_hour"], first["e2e_p95"] / _soonest(one)["same_money"]["e2e_p95"]


def _soonest(one: Mapping[str, Any]) -> Mapping[str, Any]:
    """The step at which the naive fleet's money answers soonest: a later change of cards may trade that away."""
    rich = [step for step in one["steps"] if step["stays"] and step["same_money"]]
    return min(rich, key=lambda step: float(step["same_money"]["e2e_p95"]))


def _service(one: Mapping[str, Any]) -> Iterator[str]:
    goals, (cheaper, sooner) = one["objectives"], factors(one)
    yield f"## {one['service'].capitalize()}\n"
    wanted = f"TTFT p95 {goals['ttft_p95_s']:g} s, TPOT p95 {1000 * goals['tpot_p95_s']:g} ms"
    yield f"{one['words']}. Objectives: {wanted}.\n"
    lever = _soonest(one)["lever"]
    rich = f"at the cost of the naive fleet, whole answers up to {sooner:.1f} times faster (p95), with {lever}"
    yield f"**{cheaper:.1f} times cheaper** in total; {rich}.\n"
    yield f"![cost after each lever](reference/{_picture(one).name})\n"
    yield f"| {' | '.join(COLUMNS)} |"
    yield f"|{'---|' * len(COLUMNS)}"
    naive = one["steps"][0]["found"]["usd_an_hour"]
    yield from (_row(step, naive) for step in one["steps"])
    notes = [f"- {step['lever']}: {step['assumes']}." for step in one["steps"] if step["assumes"]]
    left = [f"- {step['lever']} is not kept: {step['why']}." for step in one["steps"] if not step["stays"]]
    yield "\n" + "\n".join([*notes, *left]) + "\n"


def _row(step: Mapping[str, Any], naive: float) -> str:
    found, rich = step["found"], step["same_money"]
    lever = step["lever"] if step["stays"] else f"*{step['lever']}*"
    setting = f"`{step['setting']}`" if step["setting"] else f"`{step['field']}`"
    if not found:
        return f"| {lever} | {setting} | - | - | - | - | - | - | - |"
    beside = f"{rich['ttft_p95']:.2f} s, {rich['e2e_p95']:.1f} s" if rich else "-"
    return (
        f"| {lever} | {setting} | {found['usd_an_hour']:.2f} | {found['usd_an_hour'] / naive:.0%} | "
        f"{found['replicas']:.1f} x {found['gpus']} | {found['ttft_p95']:.2f} s | {1000 * found['tpot_p95']:.0f} ms | "
        f"{found['cached']:.0%} | {beside} |"
    )


def _picture(one: Mapping[str, Any]) -> Path:
    return ROOT / "docs" / "reference" / f"levers-{one['service']}.svg"


def drawn(one: Mapping[str, Any]) -> str:
    """Cost after each lever, as bars from the naive fleet down."""
    steps = [step for step in one["steps"] if step["found"]]
    naive = steps[0]["found"]["usd_an_hour"]
    most = max(step["found"]["usd_an_hour"] for step in steps)
    height = ROW * len(steps) + 20
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {FONT}>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for place, step in enumerate(steps):
        cost, top = step["found"]["usd_an_hour"], 10 + place * ROW
        colour = COLOURS[2] if place == 0 else COLOURS[0] if step["stays"] else COLOURS[1]
        width = (WIDTH - LEFT - 130) * cost / most
        lines.append(f'<text x="{LEFT - 8}" y="{top + 15}" text-anchor="end">{escape(step["lever"])}</text>')
        lines.append(f'<rect x="{LEFT}" y="{top}" width="{width:.1f}" height="{ROW - 6}" fill="{colour}"/>')
        label = f"{cost:.0f} USD/h, {cost / naive:.0%}"
        lines.append(f'<text x="{LEFT + width + 6:.1f}" y="{top + 15}">{label}</text>')
    return "\n".join([*lines, "</svg>", ""])
