"""The envelope of a datagram between routers: sender, receiver, number, and proof that the sender has the key.

The proof is keyed BLAKE2b over everything before it, and is checked before anything else is read. Senders and receivers
are hashes of pod names. It holds no time: incarnation and number alone tell what is old.
"""

import hmac
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from hashlib import blake2b
from struct import Struct
from typing import Final, NamedTuple

MAX_BYTES: Final = 1400
"""Limit of a datagram: it fits into one packet of every usual network."""
EVERYBODY: Final = 0
"""The receiver of a broadcast."""
KEY_BYTES: Final = 32
_PROOF_BYTES: Final = 16
_MARK_BYTES: Final = 4
_HEAD: Final = Struct("<4s4sBQQQQ")
_MAGIC: Final = b"FLP1"
MAX_CONTENT: Final = MAX_BYTES - _HEAD.size - _PROOF_BYTES


class DatagramKind(IntEnum):
    """What a datagram is for."""

    REPORT = 1
    """Requests in flight by engine, and where prefix blocks were sent."""
    CHALLENGE = 2
    """A number to repeat, which proves that the peer runs now."""
    PROOF = 3
    """The number, repeated."""
    CATCH_UP = 4
    """A router that starts, or was cut off, requests which prefixes are where."""
    CAUGHT_UP = 5
    """The end of a catch-up."""
    SLOTS = 6
    """Adapters by the engine where they have a slot, or wait for one."""


class IgnoredReason(StrEnum):
    """Why a datagram changed nothing."""

    MALFORMED = "malformed"
    FORGED = "forged"
    """It has no proof by a key in force."""
    NO_PEER = "no_peer"
    """Its sender is no router of this deployment or gateway, or it is for another router."""
    OLD = "old"
    """It is a duplicate, or too many later ones came first."""
    UNPROVED = "unproved"
    """Its sender restarted or is new: it was sent a challenge."""


class Envelope(NamedTuple):
    """A datagram without its content."""

    kind: int
    sender: int
    receiver: int
    incarnation: int
    """Random at each start of the sender."""
    number: int
    """Incremented with every datagram of this incarnation."""


class PeerKey(NamedTuple):
    """A key, with the mark by which datagrams name it."""

    secret: bytes
    mark: bytes

    @classmethod
    def of(cls, text: bytes) -> "PeerKey":
        """Derive the key from a Secret's value of any length."""
        secret = blake2b(text, digest_size=KEY_BYTES, person=b"fairlead-peers").digest()
        return cls(secret, blake2b(secret, digest_size=_MARK_BYTES, person=b"fairlead-mark").digest())


@dataclass(frozen=True, slots=True)
class PeerKeys:
    """The keys in force: one is sent with, all are accepted, so that routers need not change over at once."""

    keys: tuple[PeerKey, ...] = ()
    sends_with: int = 0
    """Index of the key to send with."""

    def sealed(self, envelope: Envelope, content: bytes) -> bytes:
        """Return the whole datagram."""
        secret, mark = self.keys[self.sends_with]
        text = _HEAD.pack(_MAGIC, mark, *envelope) + content
        return text + blake2b(text, key=secret, digest_size=_PROOF_BYTES).digest()

    def opened(self, datagram: bytes) -> tuple[Envelope, bytes] | IgnoredReason:
        """Return envelope and content, once the proof was checked."""
        if not _HEAD.size + _PROOF_BYTES <= len(datagram) <= MAX_BYTES or not datagram.startswith(_MAGIC):
            return IgnoredReason.MALFORMED
        mark = datagram[len(_MAGIC) : len(_MAGIC) + _MARK_BYTES]
        for key in self.keys:
            if key.mark == mark:
                text = datagram[:-_PROOF_BYTES]
                proof = blake2b(text, key=key.secret, digest_size=_PROOF_BYTES).digest()
                if hmac.compare_digest(proof, datagram[-_PROOF_BYTES:]):
                    return Envelope(*_HEAD.unpack_from(text)[2:]), text[_HEAD.size :]
        return IgnoredReason.FORGED
