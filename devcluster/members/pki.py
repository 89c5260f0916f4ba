"""The identities of a cluster: one authority, a certificate for each member, and their kubeconfigs.

Everything is created for each cluster and removed with it, so a validity of one day is enough.
"""

import base64
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID: Final = timedelta(days=30)
_SIGNS: Final = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class Signed:
    """A key and its certificate, as PEM."""

    key: bytes
    certificate: bytes


class Authority:
    """Signs certificates for the members of one cluster."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _subject("fairlead-devcluster", None)
        builder = self._builder(self._name, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_SIGNS, critical=True)
        self._root = builder.sign(self._key, hashes.SHA256())

    @property
    def signed(self) -> Signed:
        """The authority's own key and certificate."""
        return _as_pem(self._key, self._root)

    def sign(self, who: str, group: str | None = None, hosts: Sequence[str] = ()) -> Signed:
        """Sign a certificate for a member: user name, group, and host names."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_subject(who, group), key.public_key())
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        if hosts:
            names = x509.SubjectAlternativeName([_name(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return _as_pem(key, builder.sign(self._key, hashes.SHA256()))

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        """Begin a certificate; Python 3.13 refuses one whose key and issuer are not identified."""
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - timedelta(hours=1))
            .not_valid_after(self._now + VALID)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(issuer, critical=False)
        )


def write(authority: Authority, folder: Path, hosts: Sequence[str]) -> None:
    """Write the files that every member reads: the authority, the API server's certificates, the accounts' key."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, "ca", authority.signed)
    _write(folder, "apiserver", authority.sign("kube-apiserver", hosts=hosts))
    _write(folder, "kubelet-client", authority.sign("kube-apiserver", "system:masters"))
    _write(folder, "service-accounts", authority.sign("service-accounts"))


def kubeconfig(authority: Authority, who: Signed, server: str) -> str:
    """A self-contained kubeconfig, as JSON, which is YAML too."""
    cluster = {"server": server, "certificate-authority-data": _data(authority.signed.certificate)}
    user = {"client-certificate-data": _data(who.certificate), "client-key-data": _data(who.key)}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "devcluster", "cluster": cluster}],
            "users": [{"name": "user", "user": user}],
            "contexts": [{"name": "devcluster", "context": {"cluster": "devcluster", "user": "user"}}],
            "current-context": "devcluster",
        },
        indent=1,
    )


def write_secret(path: Path, text: bytes) -> None:
    """Write a file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(text)


def now() -> datetime:
    """The clock for all certificate dates."""
    return datetime.now(UTC)


def _write(folder: Path, name: str, signed: Signed) -> None:
    write_secret(folder / f"{name}.key", signed.key)
    (folder / f"{name}.crt").write_bytes(signed.certificate)


def _as_pem(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> Signed:
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Signed(private, certificate.public_bytes(encoding))


def _subject(who: str, group: str | None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, who)]
    if group is not None:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
    return x509.Name(parts)


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _data(pem: bytes) -> str:
    return base64.b64encode(pem).decode()
