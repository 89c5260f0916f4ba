"""`fairlead replay FILE…`: repeat every recorded decision, and report whether the result is the same."""

import argparse
import sys

from fairlead.cli import file_errors


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "sources", nargs="+", metavar="FILE", help="decisions as JSON lines, .gz too; a folder of them; - for stdin"
    )
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print it")
    parser.add_argument("--show", type=int, default=5, metavar="N", help="how many disagreements to print; default 5")


def run(chosen: argparse.Namespace) -> int:
    """Return 0 if all agree, 1 if one differs or is no record, 2 if nothing could be read."""
    import time

    import fairlead
    from fairlead.cli import replay_records, replay_text

    if chosen.show < 0:
        print(f"fairlead replay: --show {chosen.show}: a whole number, 0 or more", file=sys.stderr)
        return 2
    progress = replay_records.ReplayProgress(clock=time.monotonic, wanted=sys.stderr.isatty(), show=_show)
    try:
        result = replay_records.replay_all(replay_records.read(chosen.sources), progress, keep=chosen.show)
    except OSError as problem:
        print(f"fairlead replay: {file_errors.sentence(problem)}", file=sys.stderr)
        return 2
    if not result.lines:
        print(f"fairlead replay: {', '.join(chosen.sources)}: no line in it; nothing was decided yet", file=sys.stderr)
        return 2
    if not (result.agree or result.disagree or result.broken):
        print(f"fairlead replay: {result.cut}: its only line has no end: still being written, or cut", file=sys.stderr)
        return 2
    print(replay_text.RENDER[chosen.output](result, fairlead.__version__))
    return 1 if result.disagree or result.broken else 0


def _show(words: str) -> None:
    print(f"\r{words}", end="", file=sys.stderr, flush=True)
