"""Runs `fairlead calibrate --sweep` from its arguments to its exit code."""

import argparse
import asyncio
import re
import sys
from pathlib import Path
from typing import Final

from fairlead.cli import engine_interpreter
from fairlead.cli.engine_interpreter import EngineAbsent
from fairlead.cli.sweep import report, sweep_log
from fairlead.cli.sweep import target as targets
from fairlead.cli.sweep.argument_error import SweepArgumentError
from fairlead.cli.sweep.engine_process import EngineFailed
from fairlead.cli.sweep.runner import SweepRun
from fairlead.process.exit_signals import cancelled_by_sigterm

_BUDGET: Final = re.compile(r"(\d+)(s|m|h)?")
_SECONDS: Final = {None: 1, "s": 1, "m": 60, "h": 3600}


def run(chosen: argparse.Namespace) -> int:
    """Return 0 if all is measured, 1 if something is left or the engine does not start, 2 for invalid arguments."""
    try:
        place, budget = _place(chosen.out), seconds(chosen.budget)
        target = targets.read(chosen)
        log = sweep_log.opened(place, target)
        program = engine_interpreter.command(target.kind.program)
        made = SweepRun(target=target, log=log, budget_s=budget, report=_progress, program=program)
        left = asyncio.run(cancelled_by_sigterm(made.run()))
    except (SweepArgumentError, EngineAbsent, OSError, ValueError) as problem:
        print(f"fairlead calibrate: {problem}", file=sys.stderr)
        return 2
    except EngineFailed as problem:
        print(f"fairlead calibrate: {problem}", file=sys.stderr)
        return 1
    except (asyncio.CancelledError, KeyboardInterrupt):
        print(f"fairlead calibrate: ended by a signal; {chosen.out} keeps what was measured", file=sys.stderr)
        return 1
    for line in report.lines(log.record, target, left):
        print(line)
    return 1 if left else 0


def seconds(text: str) -> float:
    """Parse `540`, `540s`, `9m` or `1h`; raises `SweepArgumentError` for anything else."""
    found = _BUDGET.fullmatch(text)
    if found is None or not int(found[1]):
        raise SweepArgumentError(f"--budget {text}: write seconds, minutes or hours, for instance 540 or 9m")
    return float(int(found[1]) * _SECONDS[found[2]])


def _place(out: str | None) -> Path:
    if not out:
        raise SweepArgumentError("--sweep: write --out FILE, which keeps what was measured from run to run")
    return Path(out)


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
