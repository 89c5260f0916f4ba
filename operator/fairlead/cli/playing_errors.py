"""Error messages and exit codes of commands that play traffic."""

import sys
from collections.abc import Callable

from fairlead.cli.cluster_client import ClusterUnavailable
from fairlead.cli.explanation import TargetNameError


def reported(command: str, run: Callable[[], int]) -> int:
    """Return the command's own code; 1 if the cluster lacks the data, 2 for invalid arguments, files or traces."""
    try:
        return run()
    except ClusterUnavailable as problem:
        words, code = str(problem), 1
    except BrokenPipeError:
        raise  # the reader of the output has gone, which no argument is to blame for
    except OSError as problem:
        words, code = f"{problem.filename}: {problem.strerror or problem}", 2
    except (TargetNameError, ValueError) as problem:
        words, code = str(problem), 2
    print(f"fairlead {command}: {words}", file=sys.stderr)
    return code
