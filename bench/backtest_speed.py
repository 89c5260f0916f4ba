"""How long `fairlead simulate` takes over a day: `python -m bench.backtest_speed`, JSON on standard output.

The day is drawn from a seed: ten requests a second on average, twice as many by day as by night and sizes near those of
the Azure hour, for a policy that may use twenty A10Gs. Seconds are one core's CPU time, including reading the trace and
computing the bound, since others may use the machine; the peak is that of the largest process times the number that ran
at once. `output` is the hash of everything printed: a change that only saves time leaves it unchanged.
"""

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from bench.autoscaling import traffic
from devcluster.cache import Cache
from devcluster.image import compiled
from fairlead.simulator.traffic import gaps, lengths, rate_profiles
from fairlead.simulator.traffic.rate_profiles import DAY_S
from house.tree import ROOT

PACKAGE: Final = "package"
"""Within a run's folder."""
RATE: Final = 10.0
SWING: Final = 0.5
HOURS: Final = 24.0
CANDIDATE: Final = """
apiVersion: fairlead.dev/v1alpha1
kind: InferenceDeployment
metadata: {{name: {name}, namespace: default}}
spec:
  model: {{source: "hf://meta-llama/Llama-3.1-8B-Instruct"}}
  engine: {{context: {{maxTokens: 16384}}}}
  accelerator: {{product: NVIDIA-A10G}}
  scaling: {{minReplicas: 1, maxReplicas: 20, policy: {{name: chat}}}}
---
"""
POLICY: Final = """
apiVersion: fairlead.dev/v1alpha1
kind: AutoscalingPolicy
metadata: {name: chat, namespace: default}
spec:
  objectives: {ttftP95: 2s, tpotP95: 100ms}
"""


def write_day(path: Path, hours: float) -> None:
    """Write the day as a table, as any user could."""
    profile = rate_profiles.diurnal(RATE, SWING, DAY_S, busiest=DAY_S * 14 / 24)
    sizes = lengths.lognormal(traffic.PROMPTS, traffic.REPLIES, 8192, random.Random("speed/sizes"))  # noqa: S311  # recorded
    requests = gaps.requests(profile, gaps.poisson(random.Random("speed/gaps")), sizes)  # noqa: S311  # recorded
    with path.open("w", encoding="utf-8") as table:
        table.write("seconds,prompt_tokens,output_tokens\n")
        for one in requests:
            if one.time >= hours * 3600:
                break
            table.write(f"{one.time:.3f},{one.prompt_tokens},{one.output_tokens}\n")


def timed(folder: Path, candidates: int, *words: str) -> dict[str, Any]:
    """Run the command once, compiled as in the image: seconds of a core, the peak, and what it printed."""
    names = [f"c{number}" for number in range(candidates)]
    (folder / "fleet.yaml").write_text("".join(CANDIDATE.format(name=name) for name in names) + POLICY)
    command = ("simulate", str(folder / "fleet.yaml"), "--traffic", str(folder / "day.csv"), "--start", "6")
    run = subprocess.Popen(
        (sys.executable, "-m", "fairlead", *command, "--jobs", str(candidates), "-o", "json", *words),
        cwd=folder, env=os.environ | {"PYTHONPATH": str(folder / PACKAGE)}, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert run.stdout is not None
    printed = run.stdout.read()
    _, status, used = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    shown = json.loads(printed)
    figures = [one["figures"] for one in shown["candidates"]]
    return {
        "traffic": shown["traffic"],
        "core_s": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024 * (candidates + 1),
        "kept": figures[0]["kept"],
        "replicas": figures[0]["replicas"],
        "most": max(run["replicas"]["most"] for run in shown["candidates"][0]["runs"]),
        "output": hashlib.sha256(printed).hexdigest(),
    }


def main() -> int:
    """Time the whole day, a sample of it, and a part of it for six candidates at once."""
    parser = argparse.ArgumentParser(prog="backtest_speed", description=__doc__)
    parser.add_argument("--hours", type=float, default=HOURS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fairlead-day-") as name:
        folder = Path(name)
        write_day(folder / "day.csv", options.hours)
        compiled.package(ROOT, Cache.chosen(), folder / PACKAGE)
        sampled = timed(folder, 1, "--sample", "6")
        found = {"sampled": sampled, "whole": timed(folder, 1), "six": timed(folder, 6, "--until", "1h")}
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
