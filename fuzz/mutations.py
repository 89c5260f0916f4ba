"""Inputs made from seeds: bytes flipped, cut out, duplicated and grafted, and protocol words inserted."""

import random
from collections.abc import Sequence
from typing import Final

WORDS: Final = (
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n", b"\0", b" ", b"\t", b":", b";", b",", b"\xff", b"\xc3\xa9"),
    *(b"Content-Length: ", b"content-length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: a\r\n", b"0\r\n\r\n"),
    *(
        b"5\r\nhello\r\n",
        b"ffffffff",
        b"-1",
        b"+5",
        b"0x5",
        b"HTTP/1.1",
        b"HTTP/1.0",
        b"GET / HTTP/1.1\r\n",
        b"chunked",
    ),
    *(
        b"Connection: close\r\n",
        b"Upgrade: h2c\r\nConnection: upgrade\r\n",
        b"Expect: 100-continue\r\n",
        b" folded\r\n",
    ),
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"\\",
        b"null",
        b"true",
        b"1e999",
        b"\\ud800",
        b'"model":',
        b'"stream":true,',
        b"{}",
    ),
    *(
        b'"messages":[',
        b'"content":',
        b'"max_tokens":',
        b"data: ",
        b"data: [DONE]\n\n",
        b"event: error\n",
        b'"usage":{',
    ),
    *(b'"finish_reason":null', b'"choices":[]', b'"error":{', b": comment\n\n"),
)
LONGEST: Final = 8192


class Mutator:
    """Deterministic: equal seeds and an equal generator make equal inputs."""

    def __init__(self, chance: random.Random, seeds: Sequence[bytes]) -> None:
        self._chance = chance
        self._kept = list(seeds)

    def keep(self, data: bytes) -> None:
        """Keep an input that did something new, to make more from it."""
        self._kept.append(data)

    def next(self) -> bytes:
        """Make the next input."""
        data = self._chance.choice(self._kept)
        for _ in range(self._chance.choice((1, 1, 2, 3, 5, 9))):
            data = self._changed(data)
        return data[:LONGEST]

    def _changed(self, data: bytes) -> bytes:
        chance = self._chance
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice((0, 1, 1, 2, 4, 16, 64)))
        kind = chance.randrange(7)
        middle = data[start:end]
        if kind == 0:
            middle = bytes(byte ^ (1 << chance.randrange(8)) for byte in middle)
        elif kind == 1:
            middle = b""
        elif kind == 2:
            middle *= 2
        elif kind == 3:
            middle += chance.choice(WORDS)
        elif kind == 4:
            middle = chance.choice(WORDS)
        elif kind == 5:
            middle = chance.randbytes(len(middle))
        else:
            other = chance.choice(self._kept)
            cut = chance.randrange(len(other) + 1)
            return data[:start] + other[cut:]
        return data[:start] + middle + data[end:]
