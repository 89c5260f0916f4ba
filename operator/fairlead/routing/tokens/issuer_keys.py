"""The public keys of an issuer, from its JWK Set: signing keys, each with the algorithms that fit it.

The key decides the algorithm, never the token: otherwise a forger could sign with what is public.
"""

from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from jwt.algorithms import AllowedPublicKeys, ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES: Final = {
    ("EC", "P-256"): "ES256",
    ("EC", "P-384"): "ES384",
    ("EC", "P-521"): "ES512",
    ("OKP", "Ed25519"): "EdDSA",
    ("OKP", "Ed448"): "EdDSA",
}
ALGORITHMS: Final = _RSA | frozenset(_CURVES.values())
"""All are asymmetric: `none` has no signature, and with HS256 and its like any checker of tokens can make one."""
_PARTS: Final = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
"""The public parts of a key; others are not read."""
_READERS: Final[dict[str, Any]] = {"RSA": RSAAlgorithm, "EC": ECAlgorithm, "OKP": OKPAlgorithm}
RSA_BITS: Final = range(2048, 8193)
"""Shorter keys are broken, and longer ones take milliseconds per token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerKey:
    """One key."""

    id: str | None
    algorithms: frozenset[str]
    public: AllowedPublicKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerKeys:
    """All keys of one reading; never empty."""

    keys: tuple[IssuerKey, ...]

    def has(self, key_id: str | None) -> bool:
        """Return whether a key has this id; a token may name none if there is only one key."""
        return len(self.keys) == 1 if key_id is None else any(one.id == key_id for one in self.keys)

    def find(self, key_id: str | None, algorithm: str) -> IssuerKey | None:
        """Return the key that such a token must be signed with."""
        if not self.has(key_id):
            return None
        fitting = (one for one in self.keys if key_id in (None, one.id) and algorithm in one.algorithms)
        return next(fitting, None)


def read(document: object) -> IssuerKeys | None:
    """Read the keys of a JWK Set; None if it is none, or has none that can sign a token."""
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        return None
    keys = tuple(one for one in map(_key, entries) if one is not None)
    return IssuerKeys(keys=keys) if keys else None


def _key(entry: object) -> IssuerKey | None:
    """Read one key; None for one of another use or kind, or a broken one."""
    if not isinstance(entry, dict) or not _is_to_sign(entry):
        return None
    algorithms, named = _algorithms(entry), entry.get("kid")
    if not algorithms or not (named is None or isinstance(named, str)):
        return None
    public = _public(entry)
    return None if public is None else IssuerKey(id=named, algorithms=algorithms, public=public)


def _is_to_sign(entry: dict[str, Any]) -> bool:
    uses = entry.get("key_ops")
    return entry.get("use", "sig") == "sig" and (uses is None or (isinstance(uses, list) and "verify" in uses))


def _algorithms(entry: dict[str, Any]) -> frozenset[str]:
    """Return those of its kind, or only the one that it names."""
    kind, curve, named = entry.get("kty"), entry.get("crv"), entry.get("alg")
    of_curve = _CURVES.get((kind, curve)) if isinstance(kind, str) and isinstance(curve, str) else None
    fitting = _RSA if kind == "RSA" else frozenset({of_curve} if of_curve else ())
    return fitting if named is None else fitting.intersection({named} if isinstance(named, str) else ())


def _public(entry: dict[str, Any]) -> AllowedPublicKeys | None:
    kind = entry["kty"]
    parts = {name: entry.get(name) for name in _PARTS[kind]}
    if not all(isinstance(one, str) for one in parts.values()):
        return None
    try:
        found: AllowedPublicKeys = _READERS[kind].from_jwk({"kty": kind, **parts})
    except (PyJWTError, UnsupportedAlgorithm, ValueError):
        return None
    return None if kind == "RSA" and getattr(found, "key_size", 0) not in RSA_BITS else found
