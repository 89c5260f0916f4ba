"""Fleets and traffic for measuring the simulator's speed: what is simulated, not how fast.

`chat`: one hour of a production chat service (Azure) on eight replicas of an 8B model, one L4 each.
`day`: a day of a production mix of clients (ServeGen m-large) on a hundred replicas of a 70B model in FP8, two H100s
each. Step times are the catalogue's, whatever their origin; each fleet states it.
"""

import gzip
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from math import inf
from pathlib import Path
from typing import Final

from bench.day_samples import DaySample
from fairlead.cluster import package_data
from fairlead.engines.vllm.memory import CURRENT
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.quantization import WeightFormat
from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.timing import catalogue, fitted_sets
from fairlead.simulator.timing.catalogue import RatesUnknown
from fairlead.simulator.timing.step_times import PhysicalStepTimes
from fairlead.simulator.traffic import client_mix, request_traces
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.traffic.client_mix import ClientMixWindow
from fairlead.simulator.virtual_fleet.balancers import LeastTokens
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines
from fairlead.simulator.virtual_fleet.replicas import SimulatedFleet
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation
from fairlead.sizing import kv_pages, memory
from fairlead.sizing.sizing_input import SizingInput
from house.tree import ROOT

TRACES: Final = "FAIRLEAD_TRACES"
SEED: Final = 6
PAGE_TOKENS: Final = 16
DAY_S: Final = 86_400.0
DAY: Final = 2
"""The third of the fourteen days: 17.4 million requests, near the mean of all, 16.9 million."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """One kind of replica, the number of them, and the objectives."""

    words: str
    sizing: SizingInput
    replicas: int
    objectives: LatencyObjectives

    def times(self) -> PhysicalStepTimes:
        """The catalogue's, from the nearest packaged published runs."""
        text = (resources.files("fairlead.simulator") / "data" / fitted_sets.FILE).read_text(encoding="utf-8")
        found = catalogue.step_times(self.sizing, fitted_sets.read(text))
        if isinstance(found, RatesUnknown):
            raise SystemExit(str(found))
        return found

    def settings(self) -> EngineSettings:
        """The release's own defaults on this GPU, and the likely number of KV cache blocks."""
        tokens = kv_pages.spans(self.sizing, memory.memory(self.sizing).kv)[0].likely
        return EngineSettings(
            blocks=int(tokens) // PAGE_TOKENS,
            block_tokens=PAGE_TOKENS,
            batch_tokens=self.sizing.batch_tokens,
            max_sequences=self.sizing.batch_sequences,
            context_tokens=self.sizing.context,
        )

    def fleet(self, *, step_by_step: bool = False) -> SimulatedFleet:
        """With `step_by_step`, every request and every step is simulated singly."""
        settings, times = self.settings(), self.times()

        def inside(ordinal: int) -> ReplicaEngines:
            return ReplicaEngines((EngineCore(settings, times, streams(f"engine/{ordinal}"), plain=step_by_step),))

        gpus = self.sizing.parallelism.gpus
        return SimulatedFleet(inside=inside, replicas=self.replicas, gpus=gpus, snapshot_s=30.0)


def streams(name: str) -> RandomSource:
    """Named random streams, the same in every run."""
    return random.Random(f"{SEED}/{name}")  # noqa: S311  # a recorded seed, not a secret


def chat() -> Lived:
    """The smallest GPU of the catalogue that can serve the hour."""
    context = package_data.load_catalogue()
    return Lived(
        words="8 x Llama-3.1-8B on NVIDIA-L4",
        sizing=SizingInput(
            release=CURRENT,
            shape=context.shapes["meta-llama/Llama-3.1-8B-Instruct"],
            accelerator=context.accelerators["NVIDIA-L4"],
            context=16_384,
        ),
        replicas=8,
        objectives=LatencyObjectives(ttft_p95_s=2.0, tpot_p95_s=0.15),
    )


def day() -> Lived:
    """A large model, as the trace's name says."""
    context = package_data.load_catalogue()
    return Lived(
        words="100 x Llama-3.1-70B in FP8 on 2 x NVIDIA-H100-80GB-HBM3",
        sizing=SizingInput(
            release=CURRENT,
            shape=context.shapes["meta-llama/Llama-3.1-70B-Instruct"],
            accelerator=context.accelerators["NVIDIA-H100-80GB-HBM3"],
            context=131_072,
            parallelism=Parallelism(tensor=2),
            weights=WeightFormat.FP8_PER_TENSOR,
        ),
        replicas=100,
        objectives=LatencyObjectives(ttft_p95_s=1.0, tpot_p95_s=0.06),
    )


def hour(
    lived: Lived, requests: int | None = None, *, step_by_step: bool = False
) -> tuple[FleetSimulation, RunStatistics]:
    """The Azure hour, or its first requests."""
    statistics = RunStatistics(lived.objectives)
    world = FleetSimulation(lived.fleet(step_by_step=step_by_step), LeastTokens(), streams("world"), statistics)
    with gzip.open(traces() / "azure-llm-2023-conv.csv.gz", "rt", encoding="utf-8") as text:
        arrivals = request_traces.azure(text)
        world.run(arrivals if requests is None else (one for one, _ in zip(arrivals, range(requests), strict=False)))
    return world, statistics


def windows(since: float, until: float) -> list[ClientMixWindow]:
    """Windows of the mix, in these seconds of the trace."""
    folder = traces() / "servegen"
    with (
        gzip.open(folder / "m-large-rates.csv.gz", "rt", encoding="utf-8") as rates,
        gzip.open(folder / "m-large-lengths.csv.gz", "rt", encoding="utf-8") as lengths,
    ):
        found: list[ClientMixWindow] = []
        for window in client_mix.windows(rates, lengths, since):
            if window.start >= until:
                break
            found.append(window)
    return found


def stretch(lived: Lived, mix: Sequence[ClientMixWindow], cut: DaySample) -> tuple[FleetSimulation, RunStatistics]:
    """One sample, from an empty fleet at the start of its warm-up until its last reply."""
    statistics = RunStatistics(lived.objectives, cut.since, cut.until)
    world = FleetSimulation(lived.fleet(), LeastTokens(), streams("world"), statistics)
    world.run(_between(mix, cut.warm, cut.cool), inf, cut.warm)
    return world, statistics


def _between(mix: Sequence[ClientMixWindow], since: float, until: float) -> Iterator[RequestArrival]:
    return client_mix.between(mix, streams, since, until)


def traces() -> Path:
    """The folder with recorded traffic."""
    named = os.environ.get(TRACES)
    return Path(named) if named else ROOT.parent / "shared" / "traces"
