"""`python -m house.redis_server`: installs a real Redis for tests of the shared cache, if possible."""

import sys
from typing import Final

from house import debian_program

PROGRAMS: Final = ("redis-server", "valkey-server")
PACKAGE: Final = "redis-server"


def main() -> int:
    """Install it, if possible."""
    return debian_program.prepare(PROGRAMS, PACKAGE)


def found() -> str | None:
    """The path of the program."""
    return debian_program.found(PROGRAMS)


if __name__ == "__main__":
    sys.exit(main())
