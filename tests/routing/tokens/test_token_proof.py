"""What proves a token: the signature of the key that it names, with an algorithm of that key, and nothing else."""

import hmac
import json
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing.tokens import issuer_keys, token_proof
from fairlead.routing.tokens.token_proof import TokenHead
from tests.routing.tokens.issuing import CLAIMS, encoded, key_set, part, signer, unsigned

EVERY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


def proved(token: bytes, *page: Any) -> dict[str, Any] | None:  # noqa: ANN401 - any keys
    """The claims, as a router reads them."""
    head = token_proof.head_of(token)
    keys = issuer_keys.read({"keys": list(page)} if page else key_set(signer()))
    key = None if head is None or keys is None else keys.find(head.key_id, head.algorithm)
    return None if head is None or key is None else token_proof.proved_claims(token, head, key)


@pytest.mark.parametrize("algorithm", EVERY)
def test_a_token_of_each_algorithm_is_proved(algorithm: str) -> None:
    assert proved(signer(algorithm).token(), signer(algorithm).shown) == CLAIMS


def test_a_token_of_another_key_with_the_same_id_is_not() -> None:
    assert proved(signer("ES256", "one").token(), signer("ES256", "two").shown | {"kid": "one"}) is None


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "HS256", "HS512", "ES256K", "RSA-OAEP", "", None, 256, ["ES256"]]
)
def test_a_token_whose_algorithm_proves_nothing_is_refused_without_verification(algorithm: object) -> None:
    assert token_proof.head_of(unsigned({"alg": algorithm, "kid": "one"})) is None


def test_a_public_key_is_no_secret_that_could_sign() -> None:
    """The attack on libraries that let the token choose: HS256 with the text of the public key."""
    public = signer("RS256").private.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for algorithm in ("HS256", "RS256"):
        start = part({"alg": algorithm, "kid": "one"}) + b"." + part(CLAIMS)
        forged = start + b"." + encoded(hmac.digest(pem, start, sha256))
        assert proved(forged, signer("RS256").shown) is None


@pytest.mark.parametrize("key_id", ["../../etc/passwd", "one\x00", "https://evil.example/keys", "x" * 256])
def test_an_id_is_compared_and_never_a_path(key_id: str) -> None:
    assert token_proof.head_of(signer().token(head={"kid": key_id})) == TokenHead("ES256", key_id)
    assert proved(signer().token(head={"kid": key_id})) is None
    assert proved(signer().token(head={"kid": key_id}), signer().shown | {"kid": key_id}) == CLAIMS


@pytest.mark.parametrize(
    "head", [{"crit": ["exp"]}, {"b64": False, "crit": ["b64"]}, {"b64": True}, {"kid": 5}, {"kid": "x" * 257}]
)
def test_a_token_header_that_requires_more_than_a_signature_is_refused(head: dict[str, Any]) -> None:
    assert token_proof.head_of(unsigned({"alg": "ES256", "kid": "one"} | head)) is None


def test_keys_that_a_token_brings_along_are_not_used() -> None:
    brought = signer("ES256", "two")
    head = {"kid": "one", "jwk": brought.shown, "jku": "https://evil.example/keys", "x5u": "https://evil.example"}
    assert proved(brought.token(head=head)) is None


def test_a_token_of_8192_bytes_is_read_and_a_longer_one_is_not() -> None:
    at_most = 0
    for length in range(5700, 6000):
        token = signer().token(CLAIMS | {"groups": "x" * length})
        assert (token_proof.head_of(token) is None) == (len(token) > token_proof.MAX_BYTES)
        at_most = max(at_most, len(token) if len(token) <= token_proof.MAX_BYTES else 0)
    assert at_most > 8000


@pytest.mark.parametrize("claims", ["shop", ["shop"], 5])
def test_a_signature_of_something_that_is_no_object_has_no_claims(claims: object) -> None:
    assert proved(signer().token(claims)) is None


def test_deep_nests_are_no_tokens() -> None:
    deep = encoded(b"[" * 5000)
    assert token_proof.head_of(deep + b".e30.AA") is None
    start = part({"alg": "ES256", "kid": "one"})
    assert proved(start + b"." + deep + b".AA") is None


@pytest.mark.parametrize("text", ["eyJ.eyJ.x", "a.b.c", "..", "sk-1.2.3"])
def test_any_text_of_three_parts_counts_as_a_token_and_proves_nothing(text: str) -> None:
    assert token_proof.is_token(text.encode())
    assert proved(text.encode()) is None


@pytest.mark.parametrize("text", ["", "sk-shop", "a.b", "a.b.c.d", "a.b.c.d.e"])
def test_what_has_not_is_no_token(text: str) -> None:
    assert not token_proof.is_token(text.encode())


WHOLE = signer().token()


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_token_with_one_byte_changed_is_never_proved(place: int, change: int) -> None:
    changed = bytearray(WHOLE)
    changed[place] ^= change
    assert proved(bytes(changed)) is None


@given(st.binary(max_size=200) | st.tuples(*[st.binary(max_size=60)] * 3).map(b".".join))
def test_whatever_a_stranger_sends_proves_nothing_and_raises_nothing(text: bytes) -> None:
    assert proved(text) is None


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ"]), st.sampled_from(["ES256", "one", "none", "HS256"])))
def test_a_head_without_its_signature_never_proves_anything(head: dict[str, str]) -> None:
    assert proved(unsigned(head, signature=b"\0" * 64)) is None
    assert json.dumps(head)
