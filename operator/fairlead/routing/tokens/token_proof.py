"""A token as text, and its claims once its signature is proved; nothing else of it is believed before."""

import base64
import json
from typing import Any, Final, NamedTuple

from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError

from fairlead.routing.tokens.issuer_keys import ALGORITHMS, IssuerKey

MOST_BYTES: Final = 8192
"""Of a whole token; issuers that put every group of a person into one stay below it."""
MOST_ID: Final = 256
_JWS: Final = PyJWS()


class TokenHead(NamedTuple):
    """What a token says of its signature."""

    algorithm: str
    key_id: str | None


def is_token(key: bytes) -> bool:
    """Whether what a client sent has the three parts of a token, whatever they are."""
    return key.count(b".") == 2


def head_of(token: bytes) -> TokenHead | None:
    """Its head; nothing for what no issuer's key here could have signed. It says what to look for, and is no proof."""
    if len(token) > MOST_BYTES:
        return None
    head = _object(token.partition(b".")[0])
    if head is None or "crit" in head or "b64" in head:
        return None
    algorithm, key_id = head.get("alg"), head.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        return None
    if key_id is None or (isinstance(key_id, str) and len(key_id) <= MOST_ID):
        return TokenHead(algorithm, key_id)
    return None


def proved_claims(token: bytes, head: TokenHead, key: IssuerKey) -> dict[str, Any] | None:
    """The claims that this key has signed, with the algorithm of the head and no other; nothing where it has not."""
    try:
        claims = json.loads(_JWS.decode(token, key.public, algorithms=[head.algorithm]))
    except (PyJWTError, ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def _object(part: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
