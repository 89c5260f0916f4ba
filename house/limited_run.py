"""Runs a command to its end, but not forever: a hung test would keep a whole run, and its log, from ending.

A command that takes too long is ended with SIGABRT, at which Python writes the stacks of its threads into the log.
"""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

LONGEST_S: Final = 3600.0
"""Seconds. The longest lane takes 1,700 beside the others, and 2,400 where the processor is half as fast."""
OVERRAN: Final = 124
"""The exit code of a command that was ended, as the program `timeout` has it."""
GRACE_S: Final = 20.0
"""Seconds for writing the stacks."""


def code_of(
    words: Sequence[str],
    where: Path,
    environment: Mapping[str, str],
    sink: IO[bytes] | None,
    longest_s: float = LONGEST_S,
) -> int:
    """The exit code; `OVERRAN` if we ended it."""
    with subprocess.Popen(words, cwd=where, env=environment, stdout=sink, stderr=sink) as process:
        try:
            return process.wait(longest_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
        return OVERRAN
