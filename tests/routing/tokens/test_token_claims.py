"""What a valid token allows: its claims about issuer, audience, times, and tenant."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.token_issuer import TokenIssuer
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.tokens import token_claims
from fairlead.routing.tokens.token_claims import ProvedTenant, TokenTerms
from tests.routing.tokens.issuing import CLAIMS, NOW, URL

TENANTS = {"shop": "shop", "b": "bank", "c": "bank"}
ISSUER = TokenIssuer(issuer=URL, audiences=frozenset({"models", "lab"}))
TERMS = TokenTerms(issuer=ISSUER, tenants=TENANTS)
BY_TEAM = TokenTerms(
    issuer=TokenIssuer(issuer=URL, audiences=frozenset({"models"}), tenant_claim="team"), tenants=TENANTS
)


def found(terms: TokenTerms = TERMS, now: float = NOW, **claims: Any) -> ProvedTenant | Refusal:  # noqa: ANN401 - any claim
    given_claims = {name: value for name, value in (CLAIMS | claims).items() if value is not ...}
    return token_claims.tenant(given_claims, terms, now)


def refused(reason: RefusalReason, message: str) -> Refusal:
    return Refusal(reason=reason, message=message)


def no_token(message: str) -> Refusal:
    return refused(RefusalReason.TOKEN_REFUSED, message)


def test_a_token_is_its_tenants_until_it_ends() -> None:
    assert found() == ProvedTenant(name="shop", until=NOW + 600)


@pytest.mark.parametrize(
    ("value", "name"), [("c", "bank"), (["x", "b", "shop"], "bank"), ([5, None, "shop"], "shop"), (["c", "b"], "bank")]
)
def test_of_a_list_the_first_that_is_a_tenants_counts(value: object, name: str) -> None:
    assert found(BY_TEAM, team=value) == ProvedTenant(name=name, until=NOW + 600)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("x", "The token's 'team' is 'x', and no tenant here has that: ask the operator to add it to claims."),
        (["x", "y"], "The token's 'team' is 'x', and no tenant here has that: ask the operator to add it to claims."),
        ("Shop", "The token's 'team' is 'Shop', and no tenant here has that: ask the operator to add it to claims."),
        (..., "The token has no text in 'team', which says the tenant: get one with it."),
        ([], "The token has no text in 'team', which says the tenant: get one with it."),
        (5, "The token has no text in 'team', which says the tenant: get one with it."),
        ({"shop": True}, "The token has no text in 'team', which says the tenant: get one with it."),
    ],
)
def test_a_token_that_names_no_tenant_is_refused(value: object, message: str) -> None:
    assert found(BY_TEAM, team=value) == refused(RefusalReason.UNKNOWN_TENANT, message)


@pytest.mark.parametrize(
    ("issuer", "shown"),
    [
        (URL + "/", f"'{URL}/'"),
        (..., "absent"),
        (["a"], "'a'"),
        ([5], "a list without a text"),
        (5, "no text"),
    ],
)
def test_a_token_of_another_issuer_is_refused(issuer: object, shown: str) -> None:
    assert found(iss=issuer) == no_token(f"The token's iss is {shown}, not the issuer here: get one from that issuer.")


@pytest.mark.parametrize("audience", ["lab", ["x", "models"], ["models"]])
def test_a_token_may_be_for_others_too(audience: object) -> None:
    assert found(aud=audience) == ProvedTenant(name="shop", until=NOW + 600)


@pytest.mark.parametrize(
    ("audience", "shown"), [("x", "'x'"), (["x", "y", "z"], "'x', 'y'"), (..., "absent"), ([], "a list without a text")]
)
def test_a_token_for_another_audience_is_refused(audience: object, shown: str) -> None:
    assert found(aud=audience) == no_token(f"The token's aud is {shown}: get a token for 'lab' or 'models'.")


@pytest.mark.parametrize("ends", [..., None, "soon", True, [NOW], float("nan"), float("inf"), 10**400])
def test_a_token_that_does_not_say_when_it_ends_is_refused(ends: object) -> None:
    assert found(exp=ends) == no_token(
        "The token has no exp, so it would never expire: get one whose exp is in seconds since 1970."
    )


def test_a_token_ends_30_seconds_after_it_says() -> None:
    assert found(exp=NOW - 29.5) == ProvedTenant(name="shop", until=NOW - 29.5)
    assert found(exp=NOW - 30) == no_token("The token expired 30 s ago, with 30 s of leeway: get a new one.")


def test_a_token_begins_30_seconds_before_it_says() -> None:
    assert found(nbf=NOW + 30) == ProvedTenant(name="shop", until=NOW + 600)
    assert found(nbf=NOW + 31) == no_token(
        "The token is not valid for another 31 s (nbf), with 30 s of leeway: send it then."
    )
    assert found(nbf="now") == no_token("The token's nbf is not a time: get one with it in seconds since 1970.")


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=2),
    max_leaves=6,
)
NAMES = st.sampled_from(["iss", "aud", "sub", "exp", "nbf"])


@given(st.dictionaries(NAMES, ANY), st.sets(NAMES))
def test_a_message_to_a_client_never_has_more_than_240_characters(changed: dict[str, Any], absent: set[str]) -> None:
    claims = {name: value for name, value in (CLAIMS | changed).items() if name not in absent}
    answer = token_claims.tenant(claims, TERMS, NOW)
    assert isinstance(answer, ProvedTenant) or len(answer.message) <= 240


@given(st.floats(0, 4e9), st.dictionaries(NAMES, ANY))
def test_a_token_that_ended_longer_ago_than_the_leeway_never_opens_anything(
    now: float, changed: dict[str, Any]
) -> None:
    claims = CLAIMS | changed
    answer = token_claims.tenant(claims, TERMS, now)
    if isinstance(answer, ProvedTenant):
        assert now < claims["exp"] + 30.0
        assert claims["iss"] == URL


@pytest.mark.parametrize("refusal", [token_claims.UNPROVED, token_claims.NO_KEY])
def test_refusals_for_unauthenticated_clients_are_short_and_name_the_remedy(refusal: Refusal) -> None:
    assert len(refusal.message) <= 240
    assert "`Authorization: Bearer`" in refusal.message
