"""A sweep whose engine is `fairlead engine`: a process with the output and counters of vLLM."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fairlead.cli.sweep import report, runner, sweep_log
from fairlead.cli.sweep import target as targets
from fairlead.cli.sweep.sweep_log import SweepLog
from fairlead.cli.sweep.target import SweepTarget
from house.tree import ROOT

MODEL, PRODUCT = "meta-llama/Llama-3.1-8B-Instruct", "NVIDIA-L4"
FLAGS = (
    *("--served-model-name", "chat", "--max-model-len", "512", "--max-num-seqs", "3", "--no-async-scheduling"),
    *("--quantization", "fp8"),
)
BOOT = (
    f"import sys; sys.path.insert(0, {str(ROOT / 'operator')!r}); from fairlead.cli.main import main; sys.exit(main())"
)
ENGINE = (sys.executable, "-c", BOOT, "engine", "--product", PRODUCT, "--", "vllm")
"""What the sweep runs as the program called vllm."""
SGLANG = (*ENGINE[:-1], "sglang")
"""And as the one called sglang."""
WINDOW_S = 0.5
BUDGET_S = 300.0
NEVER_LATE = {"FAIRLEAD_ENGINE_LAG_LIMIT_MS": "1e6"}


def target(
    *flags: str,
    product: str = PRODUCT,
    model: str = MODEL,
    config: str | None = None,
    engine: str = "vllm",
    drafts: Sequence[str] = (),
    variants: str | None = None,
) -> SweepTarget:
    """The deployment that a command line describes."""
    words = ["--", engine, "serve", model, *(flags or FLAGS)]
    machine = {"product": product, "gpus": 1, "products": None}
    choices = {"config_json": config, "draft_config_json": drafts, "variants": variants}
    chosen = argparse.Namespace(vllm=words, **machine, **choices)
    return replace(targets.read(chosen), environment=os.environ | NEVER_LATE)


def sweep(
    place: Path, wanted: SweepTarget, point_s: float = 1.0, program: Sequence[str] = ENGINE
) -> tuple[SweepLog, int, list[str]]:
    """Run it with this long for a point: the file, how many points are left, and all lines for the user."""
    lines: list[str] = []
    log = sweep_log.opened(place, wanted)
    made = runner.SweepRun(
        target=wanted,
        log=log,
        budget_s=BUDGET_S,
        report=lines.append,
        program=program,
        window_s=WINDOW_S,
        slowest_point_s=point_s,
    )
    left = asyncio.run(made.run())
    return log, left, [*lines, *report.lines(log.record, wanted, left)]
