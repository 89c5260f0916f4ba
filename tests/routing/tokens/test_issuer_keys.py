"""An issuer's keys: each signs with the algorithms that fit it; a key that is not for signatures is not used."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing.tokens import issuer_keys
from fairlead.routing.tokens.issuer_keys import IssuerKey
from tests.routing.tokens.issuing import Signer, key_set, signer

RSA = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}


def read(*entries: object) -> tuple[IssuerKey, ...]:
    found = issuer_keys.read({"keys": list(entries)})
    return () if found is None else found.keys


@pytest.mark.parametrize(
    ("made_for", "algorithms"),
    [("RS256", RSA), ("ES256", {"ES256"}), ("ES384", {"ES384"}), ("ES512", {"ES512"}), ("EdDSA", {"EdDSA"})],
)
def test_a_key_has_the_algorithms_of_its_kind(made_for: str, algorithms: set[str]) -> None:
    (found,) = read(signer(made_for).shown)
    assert (found.id, set(found.algorithms)) == ("one", algorithms)


def test_a_key_that_names_its_algorithm_has_that_one_alone() -> None:
    (found,) = read(signer("RS256").shown | {"alg": "PS384"})
    assert found.algorithms == {"PS384"}


def test_of_a_private_key_that_is_shown_by_mistake_only_the_public_half_is_read() -> None:
    (found,) = read(signer().shown | {"d": "AAAA"})
    assert (found.public, found.id) == (signer().private.public_key(), "one")


NO_KEYS: dict[str, Any] = {
    "of a secret that both sides have": {"kty": "oct", "k": "c2VjcmV0", "kid": "one", "alg": "HS256"},
    "to encrypt": signer().shown | {"use": "enc"},
    "for other operations": signer().shown | {"key_ops": ["sign"]},
    "whose operations are no list": signer().shown | {"key_ops": "verify"},
    "of another kind's algorithm": signer().shown | {"alg": "HS256"},
    "of an algorithm that is none": signer().shown | {"alg": 256},
    "of an unknown curve": signer().shown | {"crv": "secp256k1"},
    "of a curve that is none": signer().shown | {"crv": ["P-256"]},
    "of a kind that is none": signer().shown | {"kty": ["EC"]},
    "off its curve": signer().shown | {"y": "AAAA"},
    "without a half": {name: value for name, value in signer().shown.items() if name != "y"},
    "with a number where a text is": signer().shown | {"x": 5},
    "whose id is a number": signer().shown | {"kid": 5},
    "that is short": Signer("one", "RS256", rsa.generate_private_key(65537, 1024)).shown,  # noqa: S505 - refused
    "that is no object": "key",
}


@pytest.mark.parametrize("entry", NO_KEYS.values(), ids=list(NO_KEYS))
def test_a_key_is_left_out(entry: object) -> None:
    assert read(entry) == ()
    assert [one.id for one in read(entry, signer("ES384", "two").shown)] == ["two"]


@pytest.mark.parametrize("page", [None, [], {}, {"keys": {}}, {"keys": []}, {"keys": [5]}])
def test_a_page_without_keys_is_none(page: object) -> None:
    assert issuer_keys.read(page) is None


def test_a_key_is_found_by_its_id_and_by_an_algorithm_that_fits() -> None:
    found = issuer_keys.read(key_set(signer(), signer("RS256", "two")))
    assert found is not None
    assert found.find("two", "PS256") == found.keys[1]
    assert (found.find("two", "ES256"), found.find("three", "ES256"), found.find(None, "ES256")) == (None, None, None)
    assert (found.has("one"), found.has("three"), found.has(None)) == (True, False, False)


def test_a_token_may_leave_out_the_id_of_the_only_key() -> None:
    found = issuer_keys.read(key_set(signer()))
    assert found is not None
    assert (found.find(None, "ES256"), found.find(None, "RS256")) == (found.keys[0], None)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
WORDS = st.sampled_from(["EC", "RSA", "OKP", "P-256", "Ed25519", "AQAB", "sig", "verify", "ES256", ""])
ENTRY = st.dictionaries(
    st.sampled_from(["kty", "crv", "x", "y", "n", "e", "kid", "use", "key_ops", "alg"]), WORDS | ANY, max_size=8
)


@given(st.lists(ENTRY | ANY, max_size=3))
def test_whatever_an_issuer_shows_no_key_takes_an_algorithm_that_everybody_could_sign_with(keys: list[object]) -> None:
    found = issuer_keys.read({"keys": keys})
    assert found is None or all(one.algorithms <= issuer_keys.ALGORITHMS for one in found.keys)
    assert all(not one.startswith("HS") and one != "none" for one in issuer_keys.ALGORITHMS)
