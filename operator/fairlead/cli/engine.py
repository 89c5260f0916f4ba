"""`fairlead engine`: a simulated engine, started with vLLM's own command after `--`."""

import argparse
import sys


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes; its speed and faults are environment variables, so that a pod can be told them."""
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
