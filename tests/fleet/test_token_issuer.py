"""Which tenant a claim belongs to: the one that names it, or whose name it is."""

from fairlead.fleet.tenants import Tenant
from fairlead.fleet.token_issuer import SharedClaim, claims_of, shared_claims, tenants_by_claim

SHOP = Tenant(name="shop", keys=())
BANK = Tenant(name="bank", keys=(), claims=frozenset({"b", "shop", "a"}))


def test_a_tenant_without_claims_has_its_name() -> None:
    assert claims_of(SHOP) == {"shop"}
    assert claims_of(BANK) == {"a", "b", "shop"}


def test_a_value_of_two_tenants_is_named_with_both_and_is_the_firsts() -> None:
    third = Tenant(name="third", keys=(), claims=frozenset({"b"}))
    assert list(shared_claims((SHOP, BANK, third))) == [SharedClaim("shop", "shop", 1), SharedClaim("b", "bank", 2)]
    assert tenants_by_claim((SHOP, BANK, third)) == {"shop": "shop", "a": "bank", "b": "bank"}


def test_tenants_with_values_of_their_own_share_none() -> None:
    assert list(shared_claims((SHOP, Tenant(name="bank", keys=())))) == []
