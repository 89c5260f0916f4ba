"""Replays the published RTX 4090 runs on the simulated engine: what is compared, and with which coefficients.

The claim and the bench use the same table. Coefficients come from the first seconds' metrics, never from latencies.
"""

import json
import os
import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from fairlead.cluster.package_data import read_text
from fairlead.engines.vllm.memory import CURRENT
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.replay import first_seconds
from fairlead.simulator.timing import catalogue, rate_shares
from fairlead.simulator.timing.catalogue import RatesUnknown
from fairlead.simulator.timing.provenance import Provenance, ProvenanceLevel
from fairlead.simulator.timing.rate_shares import RateShares, TooFewStretches
from fairlead.simulator.timing.step_times import PhysicalStepTimes
from fairlead.sizing.sizing_input import SizingInput
from fitting import comparison, recorded_runs
from fitting.comparison import ReplayDistance, SimulatedReplay
from fitting.kv_starts import catalogue_here
from fitting.recorded_runs import Recording
from house.tree import ROOT

TRACES: Final = "FAIRLEAD_TRACES"
RUNS: Final = "vllm-0.19-rtx4090"
WORKLOAD: Final = "workload-sharegpt-llama-300.jsonl.gz"
JUDGED, BESIDE = "llama-3.1-8b-tp1-seqs256", "llama-3.1-8b-tp1-seqs128"
MODEL, PRODUCT = "meta-llama/Llama-3.1-8B", "NVIDIA-GeForce-RTX-4090"
ORIGIN: Final = Provenance(level=ProvenanceLevel.RECORDED, source="the first ten seconds of this run's metrics")
CAPACITIES: Final = range(2400, 3601, 50)
"""Pages among which the unrecorded capacity of one run is searched."""


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """One replay with its settings."""

    name: str
    settings: EngineSettings
    replayed: SimulatedReplay
    distance: ReplayDistance


def traces() -> Path:
    """The folder of recorded runs."""
    named = os.environ.get(TRACES)
    return Path(named) if named else ROOT.parent / "shared" / "traces"


def recording(name: str) -> Recording:
    """Load one of the two recordings."""
    folder = traces() / RUNS
    return recorded_runs.read(
        read_text(folder / name / "requests.jsonl").splitlines(),
        read_text(folder / name / "timeseries.csv"),
        read_text(folder / WORKLOAD).splitlines(),
    )


def limits() -> EngineSettings:
    """Limits of the judged run, from its `meta.json`."""
    meta: dict[str, Any] = json.loads(read_text(traces() / RUNS / JUDGED / "meta.json"))
    scheduler, cache = meta["resolved_config"]["scheduler_config"], meta["kv_cache"]
    return EngineSettings(
        blocks=cache["num_gpu_blocks"],
        block_tokens=cache["block_size"],
        batch_tokens=scheduler["max_num_batched_tokens"],
        max_sequences=scheduler["max_num_seqs"],
        context_tokens=meta["engine_kwargs"]["max_model_len"],
        prefix_caching=cache["enable_prefix_caching"],
        reserve_whole_prompt=scheduler["scheduler_reserve_full_isl"],
        late_stop=scheduler["async_scheduling"],
    )


def question() -> SizingInput:
    """The model and the GPU of both runs."""
    context = catalogue_here()
    return SizingInput(
        release=CURRENT,
        shape=context.shapes[MODEL],
        accelerator=context.accelerators[PRODUCT],
        context=limits().context_tokens,
    )


def assumed() -> PhysicalStepTimes:
    """The product's step times before any measurement."""
    times = catalogue.step_times(question())
    if isinstance(times, RatesUnknown):
        raise TypeError(str(times))
    return times


def reaching(reached: RateShares) -> PhysicalStepTimes:
    """The same with these shares of the data sheet's rates."""
    return rate_shares.step_times_with_shares(question(), reached, ORIGIN)


def measured() -> RateShares:
    """Shares fitted to the first seconds of the judged run's metrics."""
    shares = rate_shares.fitted_shares(first_seconds.stretches(recording(JUDGED).seconds, limits()), reaching)
    if isinstance(shares, TooFewStretches):
        raise TypeError(str(shares))
    return shares


def judged(times: PhysicalStepTimes) -> ReplayResult:
    """Replay the run whose capacity is recorded."""
    return _replayed(JUDGED, limits(), times)


def beside(times: PhysicalStepTimes, blocks: int) -> ReplayResult:
    """Replay the run whose capacity is not recorded, with this many pages."""
    return _replayed(BESIDE, replace(limits(), blocks=blocks, max_sequences=128), times)


def likeliest(times: PhysicalStepTimes) -> ReplayResult:
    """Its capacity, as the one that explains its latencies best."""
    return min((beside(times, blocks) for blocks in CAPACITIES), key=lambda result: result.distance.worst)


def _replayed(name: str, settings: EngineSettings, times: PhysicalStepTimes) -> ReplayResult:
    replayed = comparison.replay(recording(name), settings, times, random.Random(0))  # noqa: S311  # nothing is drawn
    return ReplayResult(name, settings, replayed, comparison.distance(replayed))
