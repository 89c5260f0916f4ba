"""Usage in an engine's response that is not a stream: a short one is parsed, a long one is searched as it passes.

Token probabilities and vectors make responses long. A model's text is in JSON strings, where a quote is an escape: so a
raw `"usage"` is a member's name, never text.
"""

import re
from typing import Final

import msgspec

from fairlead.router.wire import events, usage_counts
from fairlead.router.wire.event_shapes import AnswerSummary, UsageFields
from fairlead.router.wire.surfaces import Surface
from fairlead.routing.refusal import TokenUsage

KEPT_BYTES: Final = 2**20
"""Beyond so many, the response is no longer held and parsed, which would stop every stream meanwhile."""
MARK: Final = b'"usage"'
MAX_USAGE_BYTES: Final = 2048
"""Of the member; engines write about 200."""
USAGE: Final = re.compile(rb'"usage"\s*:\s*(\{(?:[^{}"]|"[^"\\]*"|\{(?:[^{}"]|"[^"\\]*")*\})*\})')
"""With details, which are objects themselves."""
_DECODER: Final = msgspec.json.Decoder(UsageFields)


class WholeResponse:
    """One response that is not a stream, as its bytes pass."""

    __slots__ = ("_most", "_pieces", "_rest", "_size", "_usage")

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._most = most
        self._pieces: list[bytes] | None = []
        """All of it, while it is short."""
        self._size = 0
        self._rest = b""
        """The last bytes of a long one: a usage that they begin is not complete yet."""
        self._usage: TokenUsage | None = None

    def take(self, payload: bytes) -> None:
        """Take the next bytes, split anywhere."""
        if self._pieces is not None:
            self._pieces.append(payload)
            self._size += len(payload)
            if self._size <= self._most:
                return
            payload, self._pieces = b"".join(self._pieces), None
        self._search(payload)

    def summary(self, surface: Surface) -> AnswerSummary:
        """Return the usage and ending of the response; of a long one, the usage alone."""
        if self._pieces is None:
            return AnswerSummary(self._usage, None, error=False)
        return events.answer_summary(surface, b"".join(self._pieces))

    def _search(self, payload: bytes) -> None:
        """Find usage; the last one counts, since what a request repeats of itself comes before it."""
        data = self._rest + payload
        at = data.find(MARK)
        while at >= 0:
            found = USAGE.match(data, at, at + MAX_USAGE_BYTES)
            self._usage = self._usage if found is None else _usage(found[1]) or self._usage
            at = data.find(MARK, at + 1)
        self._rest = data[-MAX_USAGE_BYTES:]


def _usage(text: bytes) -> TokenUsage | None:
    """Return the tokens that it counts; None if it is a member of another meaning."""
    try:
        fields = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return usage_counts.usage(fields) if usage_counts.counts_tokens(fields) else None
