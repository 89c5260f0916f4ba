"""`python -m house.prometheus_server`: installs a real Prometheus for tests, if possible."""

import sys
from typing import Final

from house import debian_program

PROGRAM: Final = "prometheus"
PACKAGE: Final = "prometheus"


def main() -> int:
    """Install it, if possible."""
    return debian_program.prepare((PROGRAM,), PACKAGE)


def found() -> str | None:
    """The path of the program."""
    return debian_program.found((PROGRAM,))


if __name__ == "__main__":
    sys.exit(main())
