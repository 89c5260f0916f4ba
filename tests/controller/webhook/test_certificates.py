"""The webhook's certificates: renewed in time, trusted through what is published, and used only when complete."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fairlead.controller.webhook import certificates
from fairlead.controller.webhook.certificates import AUTHORITY_LIVES, LEAF_LIVES, SKEW, Certificates

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAMES = ("webhook.team.svc", "webhook.team.svc.cluster.local")
FIRST = certificates.renewed(None, NAMES, NOON)


def bundle(of: Certificates) -> list[x509.Certificate]:
    """Every trusted authority."""
    return x509.load_pem_x509_certificates(of.bundle)


def signed(one: Certificates, trust: Certificates) -> bool:
    """Whether a client that trusts one bundle accepts a leaf."""
    leaf = x509.load_pem_x509_certificate(one.cert)
    return any(_issued(leaf, each) for each in bundle(trust))


def leaf_of(one: Certificates) -> x509.Certificate:
    """What the webhook presents."""
    return x509.load_pem_x509_certificate(one.cert)


def _issued(leaf: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(authority)
    except (ValueError, InvalidSignature):
        return False
    return True


def test_what_is_written_is_what_is_read() -> None:
    assert certificates.read(FIRST.as_data()) == FIRST


@pytest.mark.parametrize("broken", ["tls.crt", "tls.key", "ca.crt"])
@pytest.mark.parametrize("text", [None, "%%", base64.b64encode(b"nonsense").decode()])
def test_what_is_not_whole_counts_as_nothing(broken: str, text: str | None) -> None:
    data = FIRST.as_data() | ({} if text is None else {broken: text})
    if text is None:
        data.pop(broken)
    assert certificates.read(data) is None


@pytest.mark.parametrize("text", ["", base64.b64encode(b"nonsense").decode()])
def test_an_unreadable_key_of_the_authority_leaves_the_leaf_in_use_and_a_new_authority_signs_the_next(
    text: str,
) -> None:
    found = certificates.read(FIRST.as_data() | {"ca.key": text})
    assert found == replace(FIRST, authority_key=None)
    later = certificates.renewed(found, NAMES, NOON + timedelta(days=60))
    assert signed(later, later)
    assert signed(FIRST, later)


def test_a_leaf_is_due_after_two_thirds_of_its_life_or_under_other_names() -> None:
    assert not certificates.is_due(FIRST, NAMES, NOON)
    assert not certificates.is_due(FIRST, NAMES, NOON + LEAF_LIVES * 0.66)
    assert certificates.is_due(FIRST, NAMES, NOON + LEAF_LIVES * 0.67)
    assert certificates.is_due(FIRST, ("other.team.svc",), NOON)
    assert certificates.expires_at(FIRST) == NOON + timedelta(days=90)


def test_what_was_made_while_a_clock_was_ahead_is_made_again() -> None:
    """No API server accepted it until the clock had caught up: reviews were skipped, or all writes refused."""
    assert not certificates.is_due(FIRST, NAMES, NOON - SKEW)
    yesterday = NOON - timedelta(days=1)
    assert certificates.is_due(FIRST, NAMES, yesterday)
    again = certificates.renewed(FIRST, NAMES, yesterday)
    assert signed(again, again)
    assert not certificates.is_due(again, NAMES, yesterday)
    assert max(one.not_valid_before_utc for one in (bundle(again)[0], leaf_of(again))) <= yesterday


def test_a_leaf_without_host_names_is_due() -> None:
    """A person's own certificate with a common name only: reading its names ended the operator, again and again."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAMES[0])])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOON)
        .not_valid_after(NOON + LEAF_LIVES)
        .sign(key, hashes.SHA256())
    )
    theirs = replace(FIRST, cert=made.public_bytes(serialization.Encoding.PEM))
    assert certificates.is_due(theirs, NAMES, NOON)
    assert not certificates.is_due(certificates.renewed(theirs, NAMES, NOON), NAMES, NOON)


def test_the_share_of_its_validity_that_is_left_ends_at_zero_and_is_negative_afterwards() -> None:
    """So an alert can compare certificates of a day and of three months with the same share."""
    assert certificates.validity_left(FIRST, NOON - SKEW) == 1
    assert certificates.validity_left(FIRST, NOON + LEAF_LIVES / 2) == pytest.approx(0.5, abs=0.001)
    assert certificates.validity_left(FIRST, NOON + LEAF_LIVES) == 0
    assert certificates.validity_left(FIRST, NOON + LEAF_LIVES * 1.5) < -0.4


def test_a_new_leaf_of_the_same_authority_changes_no_trust() -> None:
    later = certificates.renewed(FIRST, NAMES, NOON + timedelta(days=60))
    assert later.bundle == FIRST.bundle
    assert later.cert != FIRST.cert
    assert signed(later, FIRST)


def test_a_worn_authority_is_followed_by_a_new_one_beside_it() -> None:
    late = NOON + AUTHORITY_LIVES * 0.7
    second = certificates.renewed(FIRST, NAMES, late)
    assert len(bundle(second)) == 2
    assert bundle(second)[1] == bundle(FIRST)[0]
    assert signed(second, second)
    third = certificates.renewed(second, NAMES, late + AUTHORITY_LIVES * 0.7)
    assert len(bundle(third)) == 2


def test_without_the_authoritys_key_there_is_a_new_authority() -> None:
    foreign = Certificates(cert=FIRST.cert, key=FIRST.key, bundle=FIRST.bundle)
    again = certificates.renewed(foreign, NAMES, NOON)
    assert bundle(again)[1:] == bundle(FIRST)
    assert certificates.read(foreign.as_data()) == foreign


def test_an_authority_that_ended_is_trusted_no_more() -> None:
    after = certificates.renewed(FIRST, NAMES, NOON + AUTHORITY_LIVES + timedelta(days=1))
    assert len(bundle(after)) == 1
