"""`python -m house.redis_server`: a real Redis for tests of the shared cache; which programs, and whose package."""

import sys
from typing import Final

from house import debian_program

PROGRAMS: Final = ("redis-server", "valkey-server")
PACKAGE: Final = "redis-server"


def main() -> int:
    """Have one, where that can be."""
    return debian_program.prepare(PROGRAMS, PACKAGE)


def found() -> str | None:
    """Where it is."""
    return debian_program.found(PROGRAMS)


if __name__ == "__main__":
    sys.exit(main())
