"""What a command that plays traffic says when it cannot, and the code that it ends with."""

import sys
from collections.abc import Callable

from fairlead.cli.cluster_client import ClusterUnavailable
from fairlead.cli.explanation import TargetNameError


def reported(command: str, run: Callable[[], int]) -> int:
    """The command's own code; 1 where the cluster cannot tell, 2 for wrong arguments, files or traces."""
    try:
        return run()
    except ClusterUnavailable as problem:
        words, code = str(problem), 1
    except OSError as problem:
        words, code = f"{problem.filename}: {problem.strerror or problem}", 2
    except (TargetNameError, ValueError) as problem:
        words, code = str(problem), 2
    print(f"fairlead {command}: {words}", file=sys.stderr)
    return code
