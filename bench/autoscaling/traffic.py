"""The traffic that autoscalers are compared on: its requests, replicas and objectives.

Each has a part for tuning baselines and a reported part. Recorded traffic is split: Azure and Mooncake into halves, of
which the second is reported and the first simulated before it; ServeGen's mixes into stretches of different days, every
client's rate divided by the same number and its burstiness kept. Synthetic traffic is drawn anew with another seed.
Objectives are what users of such a service are promised, and the same for every contestant.
"""

import gzip
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from bench import simulated_fleets
from bench.simulated_fleets import Lived
from fairlead.cluster import package_data
from fairlead.engines.vllm.memory import CURRENT
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.randomness import RandomSource
from fairlead.fleet.traffic import TokenLengths
from fairlead.simulator.traffic import client_mix, gaps, lengths, rate_profiles, request_traces
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.traffic.client_mix import ClientMixWindow
from fairlead.simulator.traffic.rate_profiles import DAY_S, RateSlice
from fairlead.sizing.sizing_input import SizingInput

HOUR_S: Final = 3600.0
PROMPTS: Final = TokenLengths(p50=800, p95=3000, p99=5200, mean=1100)
REPLIES: Final = TokenLengths(p50=150, p95=500, p99=820, mean=195)
"""Of synthetic traffic: log-normal through median and 95th percentile, near those of the Azure hour."""
HASTE: Final = 3.0
WARM_UP_S: Final = 900.0
CHAT: Final = LatencyObjectives(ttft_p95_s=2.0, tpot_p95_s=0.1)
"""Ten tokens a second are twice what people read."""
DOCUMENTS: Final = LatencyObjectives(ttft_p95_s=10.0, tpot_p95_s=0.15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The requests, and the period that is reported; before it, the fleet settles."""

    arrivals: Callable[[], list[RequestArrival]]
    since: float
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """One row of the table."""

    name: str
    words: str
    lived: Lived
    tuning: Part
    reported: Part
    trace: bool = False
    """Recorded from production or published as a trace; the others are synthetic."""
    to_zero: bool = False
    prefixes: bool = False
    """Prompts share prefixes, and the router knows."""


def chat_replica() -> Lived:
    """What a small chat runs on in a public cloud: one 24 GiB card, and a cache for some twenty conversations."""
    return _on("NVIDIA-A10G", 16_384, CHAT)


def large_replica() -> Lived:
    """A large model, as the trace's name says."""
    catalogue = package_data.load_catalogue()
    return Lived(
        words="Llama-3.1-70B on four NVIDIA-A100-SXM4-80GB",
        sizing=SizingInput(
            release=CURRENT,
            shape=catalogue.shapes["meta-llama/Llama-3.1-70B-Instruct"],
            accelerator=catalogue.accelerators["NVIDIA-A100-SXM4-80GB"],
            context=16_384,
            parallelism=Parallelism(tensor=4),
        ),
        replicas=1,
        objectives=CHAT,
    )


def document_replica() -> Lived:
    """With memory for long prompts."""
    return _on("NVIDIA-L40S", 131_072, DOCUMENTS)


def _on(product: str, context: int, objectives: LatencyObjectives) -> Lived:
    catalogue = package_data.load_catalogue()
    return Lived(
        words=f"Llama-3.1-8B on one {product}",
        sizing=SizingInput(
            release=CURRENT,
            shape=catalogue.shapes["meta-llama/Llama-3.1-8B-Instruct"],
            accelerator=catalogue.accelerators[product],
            context=context,
        ),
        replicas=1,
        objectives=objectives,
    )


def azure() -> Traffic:
    """An hour of a production chat."""

    def arrivals() -> list[RequestArrival]:
        with gzip.open(simulated_fleets.traces() / "azure-llm-2023-conv.csv.gz", "rt", encoding="utf-8") as text:
            return list(request_traces.azure(text))

    return _halves("azure", "Azure conversation, 58 minutes, as recorded", chat_replica(), arrivals, 3502.0)


def mooncake() -> Traffic:
    """Long prompts that share blocks."""

    def arrivals() -> list[RequestArrival]:
        with gzip.open(simulated_fleets.traces() / "mooncake-synthetic.jsonl.gz", "rt", encoding="utf-8") as text:
            return list(request_traces.mooncake(text, simulated_fleets.PAGE_TOKENS))

    words = "Mooncake synthetic, 17 minutes, as recorded, with its prefix blocks"
    return replace(_halves("mooncake", words, document_replica(), arrivals, 1022.0), prefixes=True)


def m_large() -> Traffic:
    """Half a day, from night to peak: the request rate triples."""
    return Traffic(
        name="m-large",
        words="ServeGen m-large, rates over 20; day 6, 02:00 to 14:00, tuned on day 5, 17:00 to 21:00",
        lived=large_replica(),
        tuning=mix("m-large", 20.0, 5 * DAY_S + 17 * HOUR_S, 4 * HOUR_S),
        reported=mix("m-large", 20.0, 6 * DAY_S + 2 * HOUR_S, 12 * HOUR_S),
        trace=True,
    )


def m_mid() -> Traffic:
    """Short prompts and replies of a few bursty clients; half a day, from night to peak."""
    return Traffic(
        name="m-mid",
        words="ServeGen m-mid, rates over 75; day 4, 06:00 to 18:00, tuned on day 6, 16:00 to 22:00",
        lived=chat_replica(),
        tuning=mix("m-mid", 75.0, 6 * DAY_S + 16 * HOUR_S, 6 * HOUR_S),
        reported=mix("m-mid", 75.0, 4 * DAY_S + 6 * HOUR_S, 12 * HOUR_S),
        trace=True,
    )


def step() -> Traffic:
    """From a tenth to the full rate within a second."""
    return _made(
        "step", "2 requests/s, then 20 for 40 minutes", lambda: rate_profiles.step(2.0, 20.0, 1500.0, 3900.0), 3900.0
    )


def flash_crowd() -> Traffic:
    """Five times the rate at once, back to normal within ten minutes."""

    def profile() -> Iterator[RateSlice]:
        return rate_profiles.flash_crowd(4.0, 20.0, 2100.0, 600.0, 4500.0)

    return _made("flash crowd", "4 requests/s, 20 at once, back to 4 within ten minutes", profile, 4500.0)


def diurnal() -> Traffic:
    """Busy at two in the afternoon, quiet at two in the morning; a day in eight hours, so harder to follow."""

    def profile() -> Iterator[RateSlice]:
        for one in rate_profiles.diurnal(12.0, 0.8, DAY_S, busiest=DAY_S * 14 / 24):
            yield RateSlice(one.seconds / HASTE, one.rate)

    words = "a day's wave in eight hours: 12 requests/s on average, 2.4 at night and 21.6 at its crest"
    return _made("diurnal day", words, profile, DAY_S / HASTE)


def quiet_night() -> Traffic:
    """An evening, a night with one request an hour, a morning."""

    def profile() -> Iterator[RateSlice]:
        yield RateSlice(WARM_UP_S + 0.5 * HOUR_S, 1.0)
        yield RateSlice(5 * HOUR_S, 1 / HOUR_S)
        yield RateSlice(2 * HOUR_S, 1.0)

    words = "1 request/s, five hours with one an hour, 1 request/s again; may go to zero"
    return replace(_made("quiet night", words, profile, WARM_UP_S + 7.5 * HOUR_S), to_zero=True)


ALL: Final = (azure, m_large, m_mid, mooncake, step, flash_crowd, diurnal, quiet_night)


def _halves(
    name: str, words: str, lived: Lived, arrivals: Callable[[], list[RequestArrival]], seconds: float
) -> Traffic:
    half = seconds / 2
    first = Part(arrivals=lambda: [one for one in arrivals() if one.time < half], since=0.0, until=half)
    second = Part(arrivals=arrivals, since=half, until=seconds)
    return Traffic(name=name, words=words, lived=lived, tuning=first, reported=second, trace=True)


def mix(model: str, over: float, since: float, seconds: float) -> Part:
    """A part of the mix, from its warm-up on."""
    began = since - WARM_UP_S

    def arrivals() -> list[RequestArrival]:
        mix = _thinned(model, over, began - client_mix.WINDOW_S, since + seconds)
        found = client_mix.between(mix, _streams(model), began, since + seconds)
        return [replace(one, time=one.time - began) for one in found]

    return Part(arrivals=arrivals, since=WARM_UP_S, until=WARM_UP_S + seconds)


def _thinned(model: str, over: float, since: float, until: float) -> list[ClientMixWindow]:
    folder, found = simulated_fleets.traces() / "servegen", []
    with (
        gzip.open(folder / f"{model}-rates.csv.gz", "rt", encoding="utf-8") as rates,
        gzip.open(folder / f"{model}-lengths.csv.gz", "rt", encoding="utf-8") as tables,
    ):
        for window in client_mix.windows(rates, tables, since):
            if window.start >= until:
                break
            fewer = tuple(one._replace(rate=one.rate / over) for one in window.rates)
            found.append(replace(window, rates=fewer))
    return found


def _made(name: str, words: str, profile: Callable[[], Iterator[RateSlice]], seconds: float) -> Traffic:
    def part(seed: str) -> Part:
        def arrivals() -> list[RequestArrival]:
            streams = _streams(f"{name}/{seed}")
            sizes = lengths.lognormal(PROMPTS, REPLIES, 8192, streams("sizes"))
            return list(gaps.requests(profile(), gaps.poisson(streams("gaps")), sizes))

        return Part(arrivals=arrivals, since=WARM_UP_S, until=seconds)

    return Traffic(name=name, words=words, lived=chat_replica(), tuning=part("tuning"), reported=part("reported"))


def _streams(of: str) -> Callable[[str], RandomSource]:
    return lambda name: random.Random(f"{of}/{name}")  # noqa: S311  # a recorded seed, not a secret
