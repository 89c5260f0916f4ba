"""Whether a run-time message consists of sentences of the page."""

import functools
import re
from collections.abc import Sequence
from typing import Final

from house.sentences.collection import Sentence
from house.sentences.patterns import patterns

LONGEST_FACT: Final = 80
"""Filled-in names, numbers and short lists; anything longer must consist of sentences itself."""
_MIN_LETTERS: Final = 3
"""Fixed letters; a clause with fewer would match anything."""
_JOINT: Final = "; "
_FIXED: Final = re.compile(r"\(\[.*?\*\?\)|\\.")


class MessageReader:
    """Recognizes messages by the clauses of sentences, since messages join sentences and remedies by `; `."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        """Take these sentences, without those that are nearly all placeholders."""
        every = {
            clause for one in sentences for text in patterns(one.parts) for clause in text.split(re.escape(_JOINT))
        }
        self._clauses = [re.compile(one) for one in sorted(every) if _letters(one) >= _MIN_LETTERS]
        self._cached_clause = functools.cache(self._clause)

    def unknown(self, message: str) -> list[str]:
        """The clauses of a message that match no sentence."""
        return [one for one in message.split(_JOINT) if one and not self._cached_clause(one)]

    def _clause(self, text: str) -> bool:
        """Whether a clause of the page matches all of it, with fillings that are short or recognized themselves."""
        found = filter(None, (one.fullmatch(text) for one in self._clauses))
        return any(all(map(self._filled, one.groups())) for one in found)

    def _filled(self, text: str | None) -> bool:
        return text is None or len(text) <= LONGEST_FACT or not self.unknown(text)


def _letters(clause: str) -> int:
    return sum(map(str.isalpha, _FIXED.sub("", clause)))
