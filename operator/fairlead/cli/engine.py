"""`fairlead engine`: a simulated engine, started with vLLM's own command after `--`."""

import argparse
import sys
from typing import Final

KNOBS: Final = (
    "Told by the environment: FAIRLEAD_ENGINE_START_SECONDS (1), FAIRLEAD_ENGINE_TTFT_MS (30) to the first token, "
    "FAIRLEAD_ENGINE_TPOT_MS (10) from one token to the next; FAIRLEAD_ENGINE_FAULT, one of crash-at-start, "
    "out-of-memory, gated, no-tokens, hang, errors, cut-stream, after FAIRLEAD_ENGINE_FAULT_AFTER (0) completions."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes; its speed and faults are environment variables, so that a pod can be told them."""
    parser.epilog = KNOBS
    parser.add_argument("--product", default="", help="the accelerator it pretends to have")
    parser.add_argument("--gpus", type=int, default=1, help="and how many of them")
    parser.add_argument("vllm", nargs=argparse.REMAINDER, metavar="-- vllm serve MODEL ...", help="vLLM's own command")


def run(chosen: argparse.Namespace) -> int:
    """0 after a drain, 1 when the start failed as it was told to, 2 when the words were wrong."""
    import asyncio
    import os
    import time

    from fairlead.simulator import command, pretence, process

    try:
        served = command.read(chosen.vllm)
        pretended = pretence.read(os.environ)
    except (command.Misunderstood, pretence.BadKnob) as problem:
        print(f"fairlead engine: {problem}", file=sys.stderr)
        return 2
    outside = process.Outside(clock=time.time, tell=_tell)
    return asyncio.run(process.run(served, pretended, outside))


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
