"""Converts text to token ids and back without a model's files: about four bytes a token on English, and reversible.

Common words are one token; others are split into the longest parts in the table, down to single bytes, so that every
text has ids and the ids give the text back. The same in every process. The table is made once per vocabulary.
"""

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, islice, product
from string import ascii_lowercase, ascii_uppercase
from typing import Final

from fairlead.emulator.text import lexicon

_PIECES: Final = re.compile(r" ?[A-Za-z]+|[0-9]{1,3}|[^A-Za-z0-9]+?(?= ?[A-Za-z]|[0-9]|\Z)")
_LONGEST_PART: Final = 12
"""Maximum characters of a part of a word that is not a token itself."""
_COMMON_PART: Final = 4
"""Nearly all parts have at most this length; longer ones are tried only if a part with this beginning exists."""
MEMORY: Final = 1 << 15
"""Maximum number of cached word splits; English prompts rarely need more. A full cache is cleared."""
_LONGEST_REMEMBERED: Final = 32
"""In characters; longer pieces are not cached, since they rarely repeat."""
_BYTES: Final = 256
_MAX_PARTS: Final = 127_994
"""Parts that fit into a vocabulary of 128,256; larger vocabularies have the same parts, and ids without text."""
ROLES: Final = ("tool", "developer", "system", "assistant", "user")
END: Final = "<|end|>"


class Tokenizer:
    """One vocabulary: bytes first, then special tokens (the roles, the end of a text), then parts of words.

    A larger vocabulary has all ids of a smaller one, and more.
    """

    def __init__(self, vocabulary: int) -> None:
        self.vocabulary = vocabulary
        self.roles = {role: _BYTES + place for place, role in enumerate(ROLES)}
        self.end = _BYTES + len(ROLES)
        first = self.end + 1
        self._parts = {
            part: first + place for place, part in enumerate(islice(_parts(), min(_MAX_PARTS, vocabulary - first)))
        }
        bare = [bytes((byte,)) for byte in range(_BYTES)]
        named = [f"<|{role}|>".encode() for role in ROLES] + [END.encode()]
        parts = [part.encode() for part in self._parts]
        parts += [b""] * (vocabulary - first - len(parts))
        self._bytes = bare + named + parts
        self._shown = bare + [b""] * len(named) + parts
        for byte in range(128):
            self._parts[chr(byte)] = byte
        self.longest = max(map(len, self._parts))
        """Characters of the longest token."""
        self._long_starts = {part[: _COMMON_PART + 1] for part in self._parts if len(part) > _COMMON_PART}
        self._split: dict[str, tuple[int, ...]] = {}
        spoken = (*lexicon.COMMON, *lexicon.SPOKEN)
        self.spoken = tuple(dict.fromkeys(self._parts[f" {word}"] for word in spoken if f" {word}" in self._parts))
        """Tokens of words with a leading space, from which replies are made."""
        self.openings = tuple(self._opening(number) for number in self.spoken)
        """The same words as the first token of a reply."""

    @property
    def remembered(self) -> int:
        """Number of pieces whose split is cached."""
        return len(self._split)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text; special tokens cannot be written as text."""
        ids: list[int] = []
        parts = self._parts
        for piece in _PIECES.findall(text):
            if (number := parts.get(piece)) is not None:
                ids.append(number)
            else:
                ids += self._split.get(piece) or self._remembered(piece)
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids, each within the vocabulary; invalid UTF-8 becomes the replacement character."""
        return b"".join([self._bytes[number] for number in ids]).decode(errors="replace")

    def strings(self, ids: Sequence[int]) -> list[str]:
        """Return the text of each token; for special tokens, their names."""
        return [self._bytes[number].decode(errors="replace") for number in ids]

    def decode_with_ends(self, ids: Sequence[int]) -> tuple[str, list[int]]:
        """Return a reply's text without special tokens, and how many characters of it are complete after each token.

        A character of several bytes is complete with the last of them; vLLM holds it back until then.
        """
        texts = [self._shown[number] for number in ids]
        whole = b"".join(texts)
        if whole.isascii():
            return whole.decode("ascii"), list(accumulate(map(len, texts)))
        reader = codecs.getincrementaldecoder("utf-8")(errors="replace")
        pieces = [reader.decode(text) for text in texts]
        if pieces:
            pieces[-1] += reader.decode(b"", final=True)
        return "".join(pieces), list(accumulate(map(len, pieces)))

    def _opening(self, number: int) -> int:
        """Capitalize without the space; a small vocabulary may lack that and keeps the token."""
        return self._parts.get(self._bytes[number].decode().strip().capitalize(), number)

    def _remembered(self, piece: str) -> tuple[int, ...]:
        """Split a piece into tokens, longest parts first, and cache the result."""
        found: list[int] = []
        start = 0
        while start < len(piece):
            long = piece[start : start + _COMMON_PART + 1] in self._long_starts
            for length in range(_LONGEST_PART if long else _COMMON_PART, 0, -1):
                if (number := self._parts.get(piece[start : start + length])) is not None:
                    found.append(number)
                    start += min(length, len(piece) - start)
                    break
            else:
                found += piece[start].encode(errors="replace")
                start += 1
        if len(piece) <= _LONGEST_REMEMBERED:
            if len(self._split) >= MEMORY:
                self._split.clear()
            self._split[piece] = tuple(found)
        return tuple(found)


@lru_cache(maxsize=2)
def of(vocabulary: int) -> Tokenizer:
    """A process serves one model, so one tokenizer is kept (and one more for tests)."""
    return Tokenizer(vocabulary)


def _parts() -> Iterator[str]:
    """Yield every part once, in the order of ids: a small vocabulary has only the first of them."""
    seen: set[str] = set()
    for part in _candidates():
        if len(part) > 1 and part not in seen:
            seen.add(part)
            yield part


def _candidates() -> Iterator[str]:
    """Yield marks and words, then numbers, then all parts of one to three letters, then pronounceable ones of four."""
    words = (*lexicon.COMMON, *lexicon.SPOKEN, *lexicon.WRITTEN)
    yield from lexicon.MARKS
    yield from (f" {word}" for word in words)
    yield from words
    yield from (f" {word.capitalize()}" for word in words)
    yield from (word.capitalize() for word in words)
    yield from (f"{number:0{digits}}" for digits in (2, 3) for number in range(10**digits))
    yield from (f" {letter}" for letter in ascii_lowercase + ascii_uppercase)
    for length in (2, 3):
        for letters in map("".join, product(ascii_lowercase, repeat=length)):
            yield from (f" {letters}", letters)
    vowels, consonants = "aeiouy", "bcdfghjklmnpqrstvwxz"
    for shape in ((consonants, vowels, consonants, vowels), (vowels, consonants, vowels, consonants)):
        yield from map("".join, product(*shape))
    yield from map("".join, product(consonants, vowels, consonants, consonants))
    yield from map("".join, product(consonants, vowels, vowels, consonants))
