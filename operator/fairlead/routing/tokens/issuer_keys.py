"""The public keys of an issuer, from its JWK Set: those that sign, each with the algorithms that fit it.

An algorithm is the key's business and never the token's: whoever says otherwise signs with what everybody can read.
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
"""All are asymmetric: with `none` nobody signs, and with HS256 and its like whoever can check a token can make one."""
_PARTS: Final = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
"""What of a key is public; what else stands there is not read."""
_READERS: Final[dict[str, Any]] = {"RSA": RSAAlgorithm, "EC": ECAlgorithm, "OKP": OKPAlgorithm}
RSA_BITS: Final = range(2048, 8193)
"""Shorter keys are broken, and longer ones take milliseconds a token."""


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
        """Whether a key has this id; a token may name none while there is only one key."""
        return len(self.keys) == 1 if key_id is None else any(one.id == key_id for one in self.keys)

    def find(self, key_id: str | None, algorithm: str) -> IssuerKey | None:
        """The key that such a token must be signed with."""
        if not self.has(key_id):
            return None
        fitting = (one for one in self.keys if key_id in (None, one.id) and algorithm in one.algorithms)
        return next(fitting, None)


def read(document: object) -> IssuerKeys | None:
    """The keys of a JWK Set; nothing where it is none, or has none that can sign a token."""
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        return None
    keys = tuple(one for one in map(_key, entries) if one is not None)
    return IssuerKeys(keys=keys) if keys else None


def _key(entry: object) -> IssuerKey | None:
    """One key; nothing for one of another use or kind, or a broken one."""
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
    """Those of its kind; the only one that it names itself, if it names one."""
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
