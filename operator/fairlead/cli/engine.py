"""`fairlead engine`: a simulated engine, started with the real engine's command after `--`."""

import argparse
import sys
from typing import Final

from fairlead.cli import options

INTRODUCTION: Final = (
    "Answers as vLLM 0.32, SGLang 0.5.23 or TensorRT-LLM would on that GPU, by the command after `--`, at the speed "
    "that a model of vLLM predicts. Environment variables configure the rest:"
)

MOST_GPUS: Final = 1024
SEPARATED: Final = "the engine's own command comes after `--`: fairlead engine --product NVIDIA-L4 -- vllm serve MODEL"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments; speed and faults are environment variables, so that a pod's spec can set them."""
    from fairlead.emulator import emulation_knobs

    knobs = "; ".join(f"{emulation_knobs.PREFIX}{knob}: {meaning}" for knob, meaning in emulation_knobs.KNOBS.items())
    parser.epilog = f"{INTRODUCTION} {knobs}.".replace("%", "%%")
    parser.add_argument("--product", default="", help="the GPU it simulates, by its product label")
    parser.add_argument("--gpus", type=options.whole_number(MOST_GPUS), default=1, help="number of GPUs (1)")
    parser.add_argument("--step-times", metavar="FILE", help="file that `fairlead calibrate --out` wrote")
    parser.add_argument(
        "--check", action="store_true", help="exit after checking its configuration, without a GPU: 0 if it is valid"
    )
    parser.add_argument(
        "engine",
        nargs=argparse.REMAINDER,
        metavar="-- vllm serve MODEL ...",
        help="the engine's own command, `-- sglang serve MODEL ...` or `-- trtllm-serve MODEL ...`",
    )


def run(chosen: argparse.Namespace) -> int:
    """Return 0 after a drain or a check, 1 if the start failed, 2 for invalid arguments or a port in use."""
    import os
    import time
    from dataclasses import replace
    from pathlib import Path

    import uvloop

    from fairlead.emulator import dialects, emulation_knobs, packaged_data, process, startup_check
    from fairlead.emulator.command_line import ParserExit
    from fairlead.emulator.engine.provision import EmulatedMachine

    try:
        serve_arguments = dialects.read(chosen.engine, os.environ)
        knobs = emulation_knobs.read(os.environ)
        step_times = packaged_data.load(Path(chosen.step_times) if chosen.step_times else None)
    except ParserExit as problem:
        print(problem, file=sys.stderr)
        return 2
    except (OSError, ValueError) as problem:
        print(f"fairlead engine: {problem}", file=sys.stderr)
        return 2
    if chosen.check:
        return startup_check.check(serve_arguments, knobs, _print_line)
    replies = replace(
        serve_arguments.answering,
        invalid_json_rate=knobs.invalid_json_rate,
        reply_tokens=knobs.reply_tokens,
        reply_seed=knobs.seed,
    )
    start = process.EngineStart(
        serve_arguments=replace(serve_arguments, answering=replies),
        knobs=knobs,
        machine=EmulatedMachine(chosen.product, chosen.gpus),
        packaged=step_times,
    )
    environment = process.ProcessEnvironment(clock=time.time, log=_print_line, environment=os.environ)
    return uvloop.run(process.run(start, environment))


def _print_line(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
