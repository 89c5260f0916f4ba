"""A token issuer: keys of every kind, its JWK Set, and tokens that they sign."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import AllowedPrivateKeys, ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.api_jws import PyJWS

URL: Final = "https://login.example/realm"
NOW: Final = 1_800_000_000
CLAIMS: Final[dict[str, Any]] = {"iss": URL, "aud": "models", "sub": "shop", "exp": NOW + 600}
KINDS: Final[Mapping[str, Any]] = {"RS": RSAAlgorithm, "PS": RSAAlgorithm, "ES": ECAlgorithm, "Ed": OKPAlgorithm}


@dataclass(frozen=True, slots=True)
class Signer:
    """One private key and its public form."""

    id: str
    algorithm: str
    private: AllowedPrivateKeys = field(repr=False)

    @property
    def shown(self) -> dict[str, Any]:
        """Its public half as a JWK."""
        public = self.private.public_key()
        found: dict[str, Any] = KINDS[self.algorithm[:2]].to_jwk(public, as_dict=True)
        return {name: found[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in found} | {
            "kid": self.id,
            "use": "sig",
        }

    def token(self, claims: object = None, head: Mapping[str, Any] | None = None) -> bytes:
        """A signed token; `head` adds to the usual header."""
        text = json.dumps(CLAIMS if claims is None else claims).encode()
        headers = {"kid": self.id} | dict(head or {})
        return PyJWS().encode(text, self.private, algorithm=self.algorithm, headers=headers).encode()


@cache
def signer(algorithm: str = "ES256", name: str = "one") -> Signer:
    """The same signer for the same arguments: keys take long to make."""
    private: AllowedPrivateKeys
    match algorithm[:2], algorithm[2:]:
        case (("RS" | "PS"), _):
            private = rsa.generate_private_key(65537, 2048)
        case "ES", bits:
            curves = {"256": ec.SECP256R1(), "384": ec.SECP384R1(), "512": ec.SECP521R1()}
            private = ec.generate_private_key(curves[bits])
        case _:
            private = ed25519.Ed25519PrivateKey.generate()
    return Signer(name, algorithm, private)


def key_set(*signers: Signer) -> dict[str, Any]:
    """The JWK Set that an issuer publishes."""
    return {"keys": [one.shown for one in signers]}


def unsigned(head: object, claims: object = None, signature: bytes = b"") -> bytes:
    """A token with this header and signature, which no key signed."""
    return b".".join((part(head), part(CLAIMS if claims is None else claims), encoded(signature)))


def part(value: object) -> bytes:
    return encoded(json.dumps(value).encode())


def encoded(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")
