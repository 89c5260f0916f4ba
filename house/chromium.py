"""`python -m house.chromium`: a real browser for tests of the report; which programs, and whose package."""

import sys
from typing import Final

from house import debian_program

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
PACKAGE: Final = "chromium"


def main() -> int:
    """Have one, where that can be."""
    return debian_program.prepare(PROGRAMS, PACKAGE)


def found() -> str | None:
    """Where it is."""
    return debian_program.found(PROGRAMS)


if __name__ == "__main__":
    sys.exit(main())
