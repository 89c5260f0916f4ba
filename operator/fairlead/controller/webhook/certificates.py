"""The certificates of the admission webhook, as values: when they are due for renewal, and new ones. Pure.

The authority is valid for years and signs leaves for months: a new leaf needs no new caBundle. When the authority
itself is renewed, the old one stays in the bundle at least until its last leaf has expired.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LEAF_LIVES: Final = timedelta(days=90)
AUTHORITY_LIVES: Final = timedelta(days=3650)
RENEWED_AFTER: Final = 2 / 3
"""Of its validity; the rest is time to notice that renewals fail."""
SKEW: Final = timedelta(minutes=10)
"""Clocks of API servers may be behind ours by this much."""

CERT, KEY, BUNDLE, AUTHORITY_KEY = "tls.crt", "tls.key", "ca.crt", "ca.key"
"""Entries of the Secret; cert-manager writes the first three too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """The certificate and key that the webhook serves with, and the CA bundle that verifies it."""

    cert: bytes
    key: bytes
    bundle: bytes
    """Empty if another tool makes the certificates and tells the API server which authority to trust."""
    authority_key: bytes | None = None
    """None if another tool, such as cert-manager, signs."""

    def as_data(self) -> dict[str, str]:
        """Return the entries of a Secret's `data`."""
        entries = {CERT: self.cert, KEY: self.key, BUNDLE: self.bundle, AUTHORITY_KEY: self.authority_key}
        return {name: base64.b64encode(entry).decode() for name, entry in entries.items() if entry is not None}


def read(data: Mapping[str, str]) -> Certificates | None:
    """Read a Secret of ours; None if an entry is missing or invalid."""
    certificates = read_served(data)
    try:
        x509.load_pem_x509_certificates(certificates.bundle if certificates is not None else b"")
    except ValueError:
        return None
    return certificates


def read_served(data: Mapping[str, str]) -> Certificates | None:
    """Read a Secret of another tool, of which only certificate and key are needed; None if one of them is unusable."""
    try:
        entries = {name: base64.b64decode(text, validate=True) for name, text in data.items()}
        certificates = Certificates(
            cert=entries[CERT], key=entries[KEY], bundle=entries.get(BUNDLE, b""), authority_key=_key_in(entries)
        )
        x509.load_pem_x509_certificate(certificates.cert)
        serialization.load_pem_private_key(certificates.key, None)
    except (KeyError, ValueError, binascii.Error, TypeError):
        return None
    return certificates


def _key_in(entries: Mapping[str, bytes]) -> bytes | None:
    """Return the authority's key; None if it cannot be read: a new authority then signs beside the old one."""
    text = entries.get(AUTHORITY_KEY)
    try:
        serialization.load_pem_private_key(text or b"", None)
    except (ValueError, TypeError):
        return None
    return text


def is_due(certificates: Certificates, names: Sequence[str], now: datetime) -> bool:
    """Whether the leaf is due for renewal, or was issued for other names."""
    leaf = x509.load_pem_x509_certificate(certificates.cert)
    return _is_worn(leaf, now) or _host_names(leaf) != set(names)


def _host_names(leaf: x509.Certificate) -> set[str]:
    """Return the names that a client finds in it; none in one that a person made with a common name only."""
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return set(found.get_values_for_type(x509.DNSName))


def expires_at(certificates: Certificates) -> datetime:
    """Return when the leaf expires."""
    return x509.load_pem_x509_certificate(certificates.cert).not_valid_after_utc


def validity_left(certificates: Certificates, now: datetime) -> float:
    """Return the share of the leaf's validity that is left: 1 when it is new, 0 when it expires, then negative."""
    leaf = x509.load_pem_x509_certificate(certificates.cert)
    return (leaf.not_valid_after_utc - now) / (leaf.not_valid_after_utc - leaf.not_valid_before_utc)


def renewed(old: Certificates | None, names: Sequence[str], now: datetime) -> Certificates:
    """Issue a new leaf; from the existing authority unless that is due too, else from a new one added to the bundle."""
    if old is not None and old.authority_key is not None:
        authority = x509.load_pem_x509_certificates(old.bundle)[0]
        key = serialization.load_pem_private_key(old.authority_key, None)
        if isinstance(key, ec.EllipticCurvePrivateKey) and not _is_worn(authority, now):
            return _leaf(names, now, authority, key, old.bundle)
    key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(key, now)
    kept = _still_good(old.bundle, now) if old is not None else b""
    return _leaf(names, now, authority, key, authority.public_bytes(serialization.Encoding.PEM) + kept)


def _is_worn(one: x509.Certificate, now: datetime) -> bool:
    """Whether it is used up, or does not begin yet: it was made while a clock was ahead, and no client accepts it."""
    life = one.not_valid_after_utc - one.not_valid_before_utc
    return not one.not_valid_before_utc <= now < one.not_valid_before_utc + life * RENEWED_AFTER


def _still_good(bundle: bytes, now: datetime) -> bytes:
    """Keep only the newest of the old authorities, or the bundle would grow forever."""
    found = [one for one in x509.load_pem_x509_certificates(bundle) if one.not_valid_after_utc > now]
    return found[0].public_bytes(serialization.Encoding.PEM) if found else b""


def _authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fairlead-webhook-authority")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _begun(name, name, key.public_key(), now, AUTHORITY_LIVES)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf(
    names: Sequence[str], now: datetime, authority: x509.Certificate, signer: ec.EllipticCurvePrivateKey, bundle: bytes
) -> Certificates:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fairlead-webhook")])
    leaf = (
        _begun(name, authority.subject, key.public_key(), now, LEAF_LIVES)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return Certificates(
        cert=leaf.public_bytes(serialization.Encoding.PEM),
        key=_pem(key),
        bundle=bundle,
        authority_key=_pem(signer),
    )


def _begun(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + life)
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
