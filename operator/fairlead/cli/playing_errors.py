"""Error messages and exit codes of commands that play traffic."""

import sys
from collections.abc import Callable

from fairlead.cli import exit_codes, file_errors
from fairlead.cli.cluster_client import ClusterUnavailable
from fairlead.cli.explanation import TargetNameError


def reported(command: str, run: Callable[[], int]) -> int:
    """Return the command's own code; 2 for invalid arguments, files or traces, and a cluster that lacks the data.

    1 is an answer about the candidates, by which pipelines decide: what keeps the command from playing never has it.
    """
    try:
        return run()
    except OSError as problem:
        if exit_codes.is_of_output(problem):
            raise  # no argument is to blame for it, and all commands end so with one code
        words = file_errors.sentence(problem)
    except (ClusterUnavailable, TargetNameError, ValueError) as problem:
        words = str(problem)
    print(f"fairlead {command}: {words}", file=sys.stderr)
    return 2
