"""Error messages and exit codes of commands that play traffic."""

import sys
from collections.abc import Callable

from fairlead.cli import exit_codes
from fairlead.cli.cluster_client import ClusterUnavailable
from fairlead.cli.explanation import TargetNameError


def reported(command: str, run: Callable[[], int]) -> int:
    """Return the command's own code; 1 if the cluster lacks the data, 2 for invalid arguments, files or traces."""
    try:
        return run()
    except ClusterUnavailable as problem:
        words, code = str(problem), 1
    except OSError as problem:
        if exit_codes.is_of_output(problem):
            raise  # no argument is to blame for it, and all commands end so with one code
        words, code = f"{problem.filename}: {problem.strerror or problem}", 2
    except (TargetNameError, ValueError) as problem:
        words, code = str(problem), 2
    print(f"fairlead {command}: {words}", file=sys.stderr)
    return code
