"""`python -m house.chromium`: installs a real browser for tests of the report, if possible."""

import sys
from typing import Final

from house import debian_program

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
PACKAGE: Final = "chromium"


def main() -> int:
    """Install it, if possible."""
    return debian_program.prepare(PROGRAMS, PACKAGE)


def found() -> str | None:
    """The path of the program."""
    return debian_program.found(PROGRAMS)


if __name__ == "__main__":
    sys.exit(main())
