"""The envelope of a datagram between routers: who sent it, for whom, which one it is, and proof that it has the key.

The proof is keyed BLAKE2b over all before it, and is checked before anything else is read. The names of senders and
receivers are hashes of pod names. No time is in it: what is old is told by its incarnation and number alone.
"""

import hmac
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from hashlib import blake2b
from struct import Struct
from typing import Final, NamedTuple

MOST_BYTES: Final = 1400
"""Of a datagram: it fits into one packet of every usual network."""
EVERYBODY: Final = 0
"""As the receiver."""
KEY_BYTES: Final = 32
_PROOF_BYTES: Final = 16
_MARK_BYTES: Final = 4
_HEAD: Final = Struct("<4s4sBQQQQ")
_MAGIC: Final = b"FLP1"
MOST_CONTENT: Final = MOST_BYTES - _HEAD.size - _PROOF_BYTES


class DatagramKind(IntEnum):
    """What a datagram is for."""

    REPORT = 1
    """Requests in flight by engine, and prefix blocks that were sent somewhere."""
    CHALLENGE = 2
    """A number to repeat: the receiver of the answer then knows that the sender runs now."""
    PROOF = 3
    """The number, repeated."""
    CATCH_UP = 4
    """A router that starts, or was cut off, wants to know which prefixes are where."""
    CAUGHT_UP = 5
    """That was all."""
    SLOTS = 6
    """Adapters by the engine where they have a slot, or wait for one."""


class IgnoredReason(StrEnum):
    """Why a datagram changed nothing."""

    MALFORMED = "malformed"
    FORGED = "forged"
    """It has no proof by a key in force."""
    NO_PEER = "no_peer"
    """Its sender is no router of this deployment or gateway, or it is for another one."""
    OLD = "old"
    """A later one came before it, or the same."""
    UNPROVED = "unproved"
    """Its sender started anew, or is new: it was sent a challenge."""


class Envelope(NamedTuple):
    """All about a datagram but its content."""

    kind: int
    sender: int
    receiver: int
    incarnation: int
    """Random at each start of the sender."""
    number: int
    """One more with every datagram of this incarnation."""


class PeerKey(NamedTuple):
    """A key, with the mark by which datagrams name it."""

    secret: bytes
    mark: bytes

    @classmethod
    def of(cls, text: bytes) -> "PeerKey":
        """The key of a Secret's value, however long that is."""
        secret = blake2b(text, digest_size=KEY_BYTES, person=b"fairlead-peers").digest()
        return cls(secret, blake2b(secret, digest_size=_MARK_BYTES, person=b"fairlead-mark").digest())


@dataclass(frozen=True, slots=True)
class PeerKeys:
    """The keys in force: one is sent with, all are accepted, so that routers need not change over at once."""

    keys: tuple[PeerKey, ...] = ()
    sends_with: int = 0
    """The place of the one that is sent with."""

    def sealed(self, envelope: Envelope, content: bytes) -> bytes:
        """The whole datagram."""
        secret, mark = self.keys[self.sends_with]
        text = _HEAD.pack(_MAGIC, mark, *envelope) + content
        return text + blake2b(text, key=secret, digest_size=_PROOF_BYTES).digest()

    def opened(self, datagram: bytes) -> tuple[Envelope, bytes] | IgnoredReason:
        """Envelope and content, once the proof was checked."""
        if not _HEAD.size + _PROOF_BYTES <= len(datagram) <= MOST_BYTES or not datagram.startswith(_MAGIC):
            return IgnoredReason.MALFORMED
        mark = datagram[len(_MAGIC) : len(_MAGIC) + _MARK_BYTES]
        for key in self.keys:
            if key.mark == mark:
                text = datagram[:-_PROOF_BYTES]
                proof = blake2b(text, key=key.secret, digest_size=_PROOF_BYTES).digest()
                if hmac.compare_digest(proof, datagram[-_PROOF_BYTES:]):
                    return Envelope(*_HEAD.unpack_from(text)[2:]), text[_HEAD.size :]
        return IgnoredReason.FORGED
