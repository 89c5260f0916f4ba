"""A datagram's envelope: nothing is read from one without proof, and any changed byte breaks the proof."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing.peers.envelope import (
    MAX_BYTES,
    MAX_CONTENT,
    DatagramKind,
    Envelope,
    IgnoredReason,
    PeerKey,
    PeerKeys,
)

KEYS = PeerKeys((PeerKey.of(b"one" * 11),))
LETTER = Envelope(DatagramKind.REPORT, 1, 2, 3, 4)


def test_what_was_sealed_is_opened_with_the_same_key_whole() -> None:
    sealed = KEYS.sealed(LETTER, b"x" * MAX_CONTENT)
    assert (len(sealed), KEYS.opened(sealed)) == (MAX_BYTES, (LETTER, b"x" * MAX_CONTENT))


def test_during_a_rotation_both_keys_open_and_only_one_seals() -> None:
    new, old = PeerKey.of(b"new" * 11), PeerKey.of(b"old" * 11)
    both = PeerKeys((new, old), sends_with=1)
    assert PeerKeys((old,)).opened(both.sealed(LETTER, b"")) == (LETTER, b"")
    assert both.opened(PeerKeys((new,)).sealed(LETTER, b"")) == (LETTER, b"")
    assert PeerKeys((new,)).opened(both.sealed(LETTER, b"")) is IgnoredReason.FORGED


def test_without_a_key_nothing_is_opened() -> None:
    assert PeerKeys().opened(KEYS.sealed(LETTER, b"")) is IgnoredReason.FORGED


@given(st.binary(max_size=2 * MAX_BYTES))
def test_bytes_that_no_peer_sealed_are_never_opened(noise: bytes) -> None:
    assert KEYS.opened(noise) is IgnoredReason.MALFORMED
    assert KEYS.opened(b"FLP1" + noise) in (IgnoredReason.MALFORMED, IgnoredReason.FORGED)


@given(st.binary(max_size=40), st.data())
def test_a_changed_datagram_is_never_opened(content: bytes, data: st.DataObject) -> None:
    sealed = bytearray(KEYS.sealed(LETTER, content))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    assert KEYS.opened(bytes(sealed)) in (IgnoredReason.MALFORMED, IgnoredReason.FORGED)
