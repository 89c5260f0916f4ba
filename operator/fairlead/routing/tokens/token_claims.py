"""What the claims of a proved token mean: from this issuer, for one of us, valid now, and of which tenant."""

from collections.abc import Mapping
from typing import Any, Final

from fairlead.fleet.light_dataclass import light
from fairlead.fleet.token_issuer import TokenIssuer
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.tokens.token_proof import MAX_BYTES

LEEWAY_SECONDS: Final = 30.0
"""How much the clocks of an issuer and a router may differ."""
LATEST: Final = 1e12
"""Seconds; larger values are no time, and NaN and infinity are not below it."""
MAX_SHOWN: Final = 40
"""Characters of a claim in a message."""


@light
class TokenTerms:
    """What tokens must claim, and which tenants they belong to."""

    issuer: TokenIssuer
    tenants: Mapping[str, str]
    """Tenant by value of the claim."""


@light
class ProvedTenant:
    """The tenant that a token proves, and until when that may be kept."""

    name: str
    until: float


def tenant(claims: Mapping[str, Any], terms: TokenTerms, now: float) -> ProvedTenant | Refusal:
    """Return the tenant of a proved token at this Unix time, or why it is refused."""
    wrong = _wrong_place(claims, terms.issuer) or _wrong_time(claims, now)
    if wrong is not None:
        return wrong
    named = _texts(claims.get(terms.issuer.tenant_claim))
    name = next((terms.tenants[one] for one in named if one in terms.tenants), None)
    return ProvedTenant(name=name, until=claims["exp"]) if name is not None else _stranger(terms, named)


def _wrong_place(claims: Mapping[str, Any], issuer: TokenIssuer) -> Refusal | None:
    if claims.get("iss") != issuer.issuer:
        return _refused(
            f"The token's iss is {_shown(claims.get('iss'))}, not the issuer here: get one from that issuer."
        )
    if issuer.audiences.isdisjoint(_texts(claims.get("aud"))):
        wanted = " or ".join(_shown(one) for one in sorted(issuer.audiences)[:2])
        return _refused(f"The token's aud is {_shown(claims.get('aud'))}: get a token for {wanted}.")
    return None


def _wrong_time(claims: Mapping[str, Any], now: float) -> Refusal | None:
    ends: Any = claims.get("exp")
    begins: Any = claims.get("nbf", 0)
    if not _is_time(ends):
        return _refused("The token has no exp, so it would never expire: get one whose exp is in seconds since 1970.")
    if not _is_time(begins):
        return _refused("The token's nbf is not a time: get one with it in seconds since 1970.")
    if now >= ends + LEEWAY_SECONDS:
        return _refused(
            f"The token expired {now - ends:.0f} s ago, with {LEEWAY_SECONDS:.0f} s of leeway: get a new one."
        )
    if now < begins - LEEWAY_SECONDS:
        return _refused(
            f"The token is not valid for another {begins - now:.0f} s (nbf), with {LEEWAY_SECONDS:.0f} s "
            f"of leeway: send it then."
        )
    return None


def _refused(message: str) -> Refusal:
    return Refusal(reason=RefusalReason.TOKEN_REFUSED, message=message)


def _is_time(value: Any) -> bool:  # noqa: ANN401 - claims may hold anything
    """Return whether it is a number of seconds that arithmetic can take."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LATEST


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - claims may hold anything
    """Return a text, or the texts of a list."""
    given = value if isinstance(value, list) else [value]
    return [one for one in given if isinstance(one, str)]


def _stranger(terms: TokenTerms, named: list[str]) -> Refusal:
    claim = _shown(terms.issuer.tenant_claim)
    message = (
        f"The token's {claim} is {_shown(named[0])}, and no tenant here has that: ask the operator to add it to claims."
        if named
        else f"The token has no text in {claim}, which says the tenant: get one with it."
    )
    return Refusal(reason=RefusalReason.UNKNOWN_TENANT, message=message)


def _shown(value: Any) -> str:  # noqa: ANN401 - claims may hold anything
    match value:
        case str():
            return repr(value[:MAX_SHOWN])
        case None:
            return "absent"
        case list():
            return ", ".join(_shown(one) for one in _texts(value)[:2]) or "a list without a text"
    return "no text"


UNPROVED: Final = Refusal(
    reason=RefusalReason.TOKEN_REFUSED,
    message=f"This is not a JSON Web Token of at most {MAX_BYTES} bytes that is signed by a key of the issuer here: "
    "get a new one from it, and send it as `Authorization: Bearer`.",
)
"""One message for all that is wrong before a signature is proved: strangers learn nothing about keys."""
NO_KEY: Final = Refusal(
    reason=RefusalReason.UNKNOWN_KEY,
    message="The request has neither an API key that is known here nor a token: send a tenant's key, or a token of "
    "its issuer, as `Authorization: Bearer`.",
)
