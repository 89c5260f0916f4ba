"""The OpenID issuer whose tokens say which tenant sends a request, and which claims are whose."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.tenants import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssuer:
    """Who signs the tokens, for whom they must be, and what in them names a tenant."""

    issuer: str
    """Exactly as the claim `iss` has it."""
    audiences: frozenset[str]
    """A token must be for one of them."""
    tenant_claim: str = "sub"
    keys_url: str | None = None
    """Where its public keys are; none: its OpenID configuration says it."""
    ca: SecretKey | None = None
    """It must present a certificate of this authority; none: of one that the system trusts."""


class SharedClaim(NamedTuple):
    """One value of the claim that two tenants have."""

    value: str
    first: str
    place: int
    """Of the second tenant."""


def claims_of(tenant: Tenant) -> frozenset[str]:
    """The values of the claim that are this tenant's."""
    return tenant.claims or frozenset({tenant.name})


def tenants_by_claim(tenants: Iterable[Tenant]) -> dict[str, str]:
    """Each value with the name of its tenant; of two that have it, the first."""
    found: dict[str, str] = {}
    for one in tenants:
        for value in claims_of(one):
            found.setdefault(value, one.name)
    return found


def shared_claims(tenants: Iterable[Tenant]) -> Iterator[SharedClaim]:
    """Every value that a second tenant has: nobody could say whose requests they are."""
    owners: dict[str, str] = {}
    for place, one in enumerate(tenants):
        for value in sorted(claims_of(one)):
            if value in owners:
                yield SharedClaim(value, owners[value], place)
            else:
                owners[value] = one.name
