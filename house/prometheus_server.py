"""`python -m house.prometheus_server`: a real Prometheus for stories; which program, and whose package."""

import sys
from typing import Final

from house import debian_program

PROGRAM: Final = "prometheus"
PACKAGE: Final = "prometheus"


def main() -> int:
    """Have one, where that can be."""
    return debian_program.prepare((PROGRAM,), PACKAGE)


def found() -> str | None:
    """Where it is."""
    return debian_program.found((PROGRAM,))


if __name__ == "__main__":
    sys.exit(main())
