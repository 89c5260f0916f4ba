"""Polling until something is true: how tests wait for slow systems."""

import time
from collections.abc import Callable
from typing import TypeVar

from devcluster.door import DoorClosed

T = TypeVar("T")

EVERY_S = 0.3


def eventually(read: Callable[[], T], what: str, within_s: float = 60.0) -> T:
    """Poll until the result is truthy; a failure names what was waited for and what was last seen."""
    until = time.monotonic() + within_s
    while True:
        try:
            seen = read()
            last = f"{seen!r}"
            if seen:
                return seen
        except DoorClosed as problem:
            last = f"refused: {problem}"
        if time.monotonic() > until:
            raise AssertionError(f"not within {within_s:.0f} s: {what}; last seen: {last}")
        time.sleep(EVERY_S)
