"""A token as text, and its claims once its signature is proved; nothing in it is trusted before that."""

import base64
from typing import Any, Final, NamedTuple

from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError

from fairlead.documents import json_document
from fairlead.routing.tokens.issuer_keys import ALGORITHMS, IssuerKey

MAX_BYTES: Final = 8192
"""Largest whole token; issuers that put every group of a person into one stay below it."""
MAX_ID: Final = 256
_JWS: Final = PyJWS()


class TokenHead(NamedTuple):
    """What a token says about its signature."""

    algorithm: str
    key_id: str | None


def is_token(key: bytes) -> bool:
    """Return whether what a client sent has the three parts of a token, whatever they are."""
    return key.count(b".") == 2


def head_of(token: bytes) -> TokenHead | None:
    """Read its head; None if no issuer's key here could have signed it. It tells which key to try, no more."""
    if len(token) > MAX_BYTES:
        return None
    head = _object(token.partition(b".")[0])
    if head is None or "crit" in head or "b64" in head:
        return None
    algorithm, key_id = head.get("alg"), head.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        return None
    if key_id is None or (isinstance(key_id, str) and len(key_id) <= MAX_ID):
        return TokenHead(algorithm, key_id)
    return None


def proved_claims(token: bytes, head: TokenHead, key: IssuerKey) -> dict[str, Any] | None:
    """Return the claims if this key signed them with the head's algorithm and no other, else None."""
    try:
        claims = json_document.read(_JWS.decode(token, key.public, algorithms=[head.algorithm]))
    except (PyJWTError, ValueError):
        return None
    return claims if isinstance(claims, dict) else None


def _object(part: bytes) -> dict[str, Any] | None:
    try:
        found = json_document.read(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
