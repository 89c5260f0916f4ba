"""How SGLang checks its command in its own image and without a GPU: with its parser alone.

What it resolves after parsing needs a device, so a check without one could refuse what a GPU would take.
"""

from typing import Final

PROGRAM: Final = r"""
import argparse, sys
try:
    from sglang.srt.server_args import ServerArgs
    parser = argparse.ArgumentParser(prog="sglang serve")
    ServerArgs.add_cli_args(parser)
except Exception as problem:
    sys.exit(print(f"cannot tell: {problem!r}"))
parser.parse_args(["--model-path", *sys.argv[1:]])
"""
"""Exits with 0 also if it cannot decide; the parser itself exits with 2."""


def command(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the check pod's command for an engine's."""
    return "python3", "-c", PROGRAM, *words[2:]
