"""Recorded traffic in two parts, one to tune on and one that is held back: ours, and any other traces beside it.

Azure and Mooncake are halved; ServeGen's mixes are hours of different days, rates divided and burstiness kept. Any
other file that `fairlead simulate` reads, in the folder that FAIRLEAD_TRACES names, is halved too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench import simulated_fleets
from bench.autoscaling import traffic
from bench.autoscaling.traffic import HOUR_S, Part, Traffic
from fairlead.cli.simulate_traffic import ReadTrace, TraceCut, TraceFile
from fairlead.fleet.plurals import count
from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from fairlead.simulator.traffic.rate_profiles import DAY_S

ENDINGS: Final = (".csv", ".jsonl", ".gz")
LONGEST_CHAT: Final = 16_000
"""Tokens of prompt and reply together; longer ones count as documents, served by another card with other objectives."""
MAX_SECONDS: Final = 6 * HOUR_S
"""Of another trace, both parts together."""
MAX_RATES: Final = {"chat": 25.0, "documents": 5.0}
"""Requests a second, so that at most forty replicas can keep the objectives; faster traces are slowed down."""
FEWEST: Final = 500
"""Requests, below which a part says little about one in twenty of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A file that is skipped, and why."""

    name: str
    because: str


def recordings() -> list[Traffic]:
    """Those of the four claimed recordings whose files are present; shortest first."""
    return [make() for file, make in NAMED.items() if (simulated_fleets.traces() / file).exists()]


def m_large() -> Traffic:
    """Two hours of a morning."""
    return replace(
        traffic.m_large(),
        words="ServeGen m-large, rates over 20; day 6, 07:00 to 09:00, tuned on day 5, 17:00 to 18:00",
        tuning=traffic.mix("m-large", 20.0, 5 * DAY_S + 17 * HOUR_S, HOUR_S),
        reported=traffic.mix("m-large", 20.0, 6 * DAY_S + 7 * HOUR_S, 2 * HOUR_S),
    )


def m_mid() -> Traffic:
    """An hour of a morning, of few and bursty clients."""
    return replace(
        traffic.m_mid(),
        words="ServeGen m-mid, rates over 75; day 4, 08:00 to 09:00, tuned on day 6, 16:00 to 16:30",
        tuning=traffic.mix("m-mid", 75.0, 6 * DAY_S + 16 * HOUR_S, HOUR_S / 2),
        reported=traffic.mix("m-mid", 75.0, 4 * DAY_S + 8 * HOUR_S, HOUR_S),
    )


NAMED: Final = {
    "mooncake-synthetic.jsonl.gz": traffic.mooncake,
    "azure-llm-2023-conv.csv.gz": traffic.azure,
    "servegen/m-large-rates.csv.gz": m_large,
    "servegen/m-mid-rates.csv.gz": m_mid,
}
"""Files whose parts are defined here."""


def others(folder: Path | None = None) -> Iterator[Traffic | LeftOut]:
    """Other traces in the folder, by name."""
    for path in sorted((folder or simulated_fleets.traces()).iterdir()):
        if path.name not in NAMED and path.suffix in ENDINGS:
            try:
                yield _halves(path)
            except (UnreadableTraffic, OSError) as problem:
                yield LeftOut(name=path.name, because=str(problem))


def _halves(path: Path) -> Traffic:
    whole = TraceFile(path=path, cut=TraceCut(until=MAX_SECONDS)).looked_through()
    found = list(whole.arrivals(simulated_fleets.PAGE_TOKENS))
    if len(found) < 2 * FEWEST or whole.seconds <= 0:
        raise UnreadableTraffic(
            f"{path.name}: {count(len(found), 'request')}, and {2 * FEWEST} are needed for two parts"
        )
    chats = max(one.prompt_tokens + one.output_tokens for one in found) <= LONGEST_CHAT
    most, lived = (
        (MAX_RATES["chat"], traffic.chat_replica()) if chats else (MAX_RATES["documents"], traffic.document_replica())
    )
    slower = max(len(found) / whole.seconds / most, 1.0)
    note = f", played {slower:.1f} times slower" if slower > 1 else ""
    half, ends = whole.seconds * slower / 2, whole.seconds * slower
    return Traffic(
        name=path.name.removesuffix(".gz").rsplit(".", 1)[0],
        words=f"{whole.words}{note}; in halves",
        lived=lived,
        tuning=_part(whole, slower, 0.0, half),
        reported=_part(whole, slower, half, ends),
        trace=True,
    )


def _part(whole: ReadTrace, slower: float, since: float, until: float) -> Part:
    def arrivals() -> list[RequestArrival]:
        found = (replace(one, time=one.time * slower) for one in whole.arrivals(simulated_fleets.PAGE_TOKENS))
        return [one for one in found if one.time < until]

    return Part(arrivals=arrivals, since=since, until=until)
