"""The comparison for people: an aligned table, and the page of the docs with the same rows."""

from collections.abc import Iterator, Sequence
from typing import Final

from bench.router_cpu.found import OURS, Found, lines

PAGE_HEAD: Final = """\
# What a request costs a router

Made by `make bench-router`, never by hand. One run, the same mock engines and the same client for all; the rounds
alternate between the routers. CPU is that of all the router's processes (utime + stime), divided by the requests it
answered. Half of the prompts are new, the other half were sent recently; 64 groups of them share a prefix.

Ours runs as in the image, with its hottest files as machine code (decision 0043), and with everything on: tenants with
keys, bands, limits, lanes, prefix index, accounts, an access log in a file, the engines' metrics read each second, and
its own metrics scraped each second. The peers run with their prefix-aware policy, their logs reduced to warnings, and
are scraped as often.
"""
PAGE_END: Final = """\
"added" is the time of a whole short reply through the router, less the time of a reply from an engine directly at the
same rate right after, with requests that start at random moments. Half load is half of the most that router reached in
this run, so the faster router gets more requests; the common rate is half of the most that the slowest reached. Expect
similar ratios on other machines, but not similar figures.

The promise of a lower delay is for the same traffic, the rate for all, and for the median at half load. The 99th
percentile at half load is shown and not promised: on two cores that the client and the engines share it differs by ten
times from round to round, for every router, and ours, which gets the most requests, is often not the lowest
([0060](../decisions/0060-the-same-traffic-for-every-router.md)).
"""


def rows(found: Found) -> Iterator[tuple[str, ...]]:
    """The head, then one row per line; the last column is the ratio to the better peer."""
    yield ("", *(f"{name} {version}" for name, version in found.versions.items()), "ratio")
    for line in lines(found):
        ratio = found.ratio(line.name)
        limit = "" if ratio is None else f"{ratio:.2f} (≤{line.most:.2f})"
        yield (f"CPU µs, {line.name}", *(f"{found.cpu_us(name, line.name):.1f}" for name in found.routers), limit)
    for line in lines(found)[:3]:
        yield (f"requests/s, {line.name}", *(f"{found.per_second(name, line.name):,.0f}" for name in found.routers), "")
    for common in (False, True):
        yield from _delays(found, common=common)
    yield _compared("resident MB after it", [found.memory_mb[name] for name in found.routers], found, "{:.0f}")


def _delays(found: Found, *, common: bool) -> Iterator[tuple[str, ...]]:
    added = [found.added(name, common=common) for name in found.routers]
    whole = [one for one in added if one is not None]
    if len(whole) < len(added):
        return
    rates = [found.rate(name, common=common) for name in found.routers]
    where = f"{rates[0]:,.0f}/s each" if common else "half load"
    if not common:
        yield ("half load, requests/s", *(f"{rate:,.0f}" for rate in rates), "")
    for place, name in enumerate(("p50", "p99")):
        row = _compared(f"added µs {name}, {where}", [one[place] for one in whole], found, "{:,.0f}")
        yield row if common or name == "p50" else (*row[:-1], row[-1].removesuffix(" (<1)"))


def _compared(title: str, values: Sequence[float], found: Found, how: str) -> tuple[str, ...]:
    """A row with the ratio to the least of the others, if there are others."""
    others = [value for value, name in zip(values, found.routers, strict=True) if name != OURS]
    message = f"{values[0] / min(others):.2f} (<1)" if others and found.routers[0] == OURS and min(others) > 0 else ""
    return (title, *(how.format(value) for value in values), message)


def text(found: Found) -> str:
    """Aligned, followed by broken promises."""
    table = list(rows(found))
    widths = [max(len(row[place]) for row in table) for place in range(len(table[0]))]
    shown = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in table
    ]
    answered = ", ".join(f"{name} {count:,}" for name, count in found.requests.items())
    last = [f"answered in all: {answered}; failed: {found.failed}", *(f"does not hold: {one}" for one in found.broken)]
    return "\n".join([*(line.rstrip() for line in shown), *last])


def page(found: Found) -> str:
    """The page as Markdown."""
    head, *body = rows(found)
    table = [f"| {' | '.join(row)} |" for row in (head, ("---", *["---:"] * (len(head) - 1)), *body)]
    answered = ", ".join(f"{name} {count:,}" for name, count in found.requests.items())
    broken = [f"- does **not** hold: {one}" for one in found.broken] or ["- every promise in brackets held"]
    texts = [f"- {found.date}, {found.machine}", f"- answered in all: {answered}; failed: {found.failed}", *broken]
    return "\n".join([PAGE_HEAD, *table, "", PAGE_END, *texts]) + "\n"
