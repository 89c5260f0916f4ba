"""Finds the few metrics that a router needs every second in a page's bytes, without parsing the rest.

A page has some 600 lines, and a router reads one page of each engine a second. Scaling uses the validated figures of
`load_parser`; these only break ties between engines.
"""

import re

from fairlead.engines.http_api import QuickLoad
from fairlead.engines.load_parser import MetricNames


class QuickLoadReader:
    """Reads the pages of all engines that share family names."""

    def __init__(self, names: MetricNames) -> None:
        families = {fact: family for family, fact in names.sums.items()}
        self._running = beginning(families["running"])
        self._waiting = beginning(families["waiting"])
        self._usage = beginning(names.usage)
        self._capacity = beginning(names.capacity)
        labels = {fact: _label(label) for label, fact in names.capacity_labels.items()}
        self._tokens = labels["capacity_tokens"]
        self._blocks = labels["capacity_blocks"]
        self._block_tokens = labels["block_tokens"]

    def read(self, page: bytes) -> QuickLoad | None:
        """None for another engine's page, or if its running, waiting or cache figures are broken."""
        running, waiting, usage = values(page, self._running), values(page, self._waiting), values(page, self._usage)
        if not running or not waiting or not usage:
            return None
        found = lines(page, self._capacity)
        tokens = self._kv_tokens(found)
        blocks = self._in_blocks(found) if tokens is None else None
        return QuickLoad(
            running=sum(running),
            waiting=sum(waiting),
            kv_usage=max(usage),
            kv_tokens=blocks if tokens is None else tokens,
            kv_by_blocks=blocks is not None,
        )

    def _kv_tokens(self, found: list[bytes]) -> int | None:
        """Return the tokens of all engines in the pod: each has a line with its own."""
        tokens = [int(size[1]) for line in found if (size := self._tokens.search(line)) is not None]
        return sum(tokens) if tokens else None

    def _in_blocks(self, found: list[bytes]) -> int | None:
        """Return the tokens of the blocks of all engines in the pod, which each line has."""
        if not found:
            return None
        blocks, size = self._blocks.search(found[0]), self._block_tokens.search(found[0])
        return None if blocks is None or size is None else int(blocks[1]) * int(size[1])


def beginning(family: str) -> bytes:
    """Return how a line of this family begins, with the newline before it."""
    return b"\n%b{" % family.encode()


def _label(name: str) -> re.Pattern[bytes]:
    return re.compile(rb'[{,]%b="(\d{1,15})"' % name.encode())


def lines(page: bytes, beginning: bytes) -> list[bytes]:
    """Return all lines with this beginning."""
    found: list[bytes] = []
    at = page.find(beginning)
    while at >= 0:
        end = page.find(b"\n", at + 1)
        found.append(page[at + 1 : end if end >= 0 else len(page)])
        at = page.find(beginning, end) if end >= 0 else -1
    return found


def values(page: bytes, beginning: bytes, part: re.Pattern[bytes] | None = None) -> list[float]:
    """Return the values of all lines with this beginning, except those that match `part`; a timestamp may follow.

    Empty if one of them is broken.
    """
    found: list[float] = []
    for line in lines(page, beginning):
        if part is not None and part.search(line) is not None:
            continue
        words = line.rpartition(b"}")[2].split()
        try:
            value = float(words[0])
        except (IndexError, ValueError):
            return []
        if not 0.0 <= value < 1e12:
            return []
        found.append(value)
    return found
