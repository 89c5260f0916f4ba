"""Whether output may have colours: only on a terminal that wants them."""

import os
from typing import TextIO


def allowed() -> bool:
    """Whether the user has not switched colours off (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def wanted(stream: TextIO) -> bool:
    """Whether this is a terminal with colours."""
    return stream.isatty() and allowed()
