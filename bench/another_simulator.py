"""The same synthetic hour in a public simulator: inference-lab 1.0.0 (MIT), a compiled program that goes step by step.

Not part of the product: `cargo install inference-lab --version 1.0.0` anywhere, then `python -m bench.simulator_speed
--against PATH`. Both simulate Poisson arrivals with log-normal lengths of about the Azure hour on eight replicas of an
8B model, one H100 each. Draws differ, so requests are similar, not identical.
"""

import math
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

from bench import simulated_fleets
from bench.simulated_fleets import Lived
from fairlead.cluster import package_data
from fairlead.engines.vllm.memory import CURRENT
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.fleet.traffic import Z95, TokenLengths
from fairlead.simulator.traffic import gaps, lengths, rate_profiles
from fairlead.simulator.virtual_fleet.balancers import FewestRequests
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation
from fairlead.sizing.sizing_input import SizingInput

REQUESTS: Final = 19_366
RATE: Final = 5.53
PROMPT: Final = (6.93, 0.6)
OUTPUT: Final = (4.86, 0.9)
"""Mean and standard deviation of the logarithm, for medians of 1,022 and 129 tokens, as in the trace."""
REPLICAS: Final = 8

_FLEET: Final = f"""\
model = "llama-3.1-8b-instruct"
[scheduler]
max_num_batched_tokens = 8192
max_num_seqs = 1024
policy = "fcfs"
enable_chunked_prefill = true
block_size = 16
[router]
policy = "least_loaded"
[hardware.h100]
tp = 1
replicas = {REPLICAS}
"""
_TRAFFIC: Final = f"""\
arrival_pattern = "poisson"
arrival_rate = {RATE}
num_requests = {REQUESTS}
seed = {simulated_fleets.SEED}
input_len_dist = {{ type = "lognormal", mean = {PROMPT[0]}, std_dev = {PROMPT[1]} }}
output_len_dist = {{ type = "lognormal", mean = {OUTPUT[0]}, std_dev = {OUTPUT[1]} }}
"""


def theirs(program: Path) -> tuple[float, float]:
    """Core and wall seconds of the other program, including its start; it must answer every request."""
    with tempfile.TemporaryDirectory(prefix="fairlead-another-") as folder:
        fleet, traffic = Path(folder) / "fleet.toml", Path(folder) / "traffic.toml"
        fleet.write_text(_FLEET, encoding="utf-8")
        traffic.write_text(_TRAFFIC, encoding="utf-8")
        words = [str(program), "-c", str(fleet), "-w", str(traffic), "-q", "--no-color"]
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        stdout = subprocess.run(words, check=True, capture_output=True, text=True, timeout=600).stdout
        wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if f"{REQUESTS} completed" not in stdout:
        raise SystemExit(f"{program} did not answer {REQUESTS} requests:\n{stdout}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def ours() -> FleetSimulation:
    """The equivalent Fairlead simulation."""
    catalogue = package_data.load_catalogue()
    lived = Lived(
        words="8 x Llama-3.1-8B on NVIDIA-H100-80GB-HBM3",
        sizing=SizingInput(
            release=CURRENT,
            shape=catalogue.shapes["meta-llama/Llama-3.1-8B-Instruct"],
            accelerator=catalogue.accelerators["NVIDIA-H100-80GB-HBM3"],
            context=131_072,
        ),
        replicas=REPLICAS,
        objectives=LatencyObjectives(),
    )
    draw = simulated_fleets.streams("another")
    sizes = lengths.lognormal(_percentiles(*PROMPT), _percentiles(*OUTPUT), lived.sizing.context, draw)
    row = gaps.requests(rate_profiles.steady(RATE, math.inf), gaps.poisson(draw), sizes)
    world = FleetSimulation(lived.fleet(), FewestRequests(), draw, RunStatistics(lived.objectives))
    world.run(one for one, _ in zip(row, range(REQUESTS), strict=False))
    return world


def _percentiles(mean: float, deviation: float) -> TokenLengths:
    p50, p95, p99 = (math.exp(mean + sigmas * deviation) for sigmas in (0.0, Z95, 2.326))
    return TokenLengths.of_percentiles(p50, p95, p99)
