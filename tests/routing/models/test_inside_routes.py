"""Requests that external APIs cannot get: the same models, by their deployments alone."""

from dataclasses import replace

import pytest

from fairlead.fleet.model_routes import FallbackChain, FallbackReason, ModelRoute, RequestConditions
from fairlead.routing.models import fallback
from fairlead.routing.models.inside_routes import inside
from fairlead.routing.models.model_table import ModelTable
from fairlead.routing.models.route_facts import RouteFacts
from tests.routing.models.routes import LARGE, OUTSIDE, SMALL, cascaded, chosen, ruled, single, weighted

CHAT = RouteFacts(model="chat")
OTHERS = FallbackChain(targets=(OUTSIDE, SMALL, LARGE))
LATE = FallbackChain(targets=(SMALL,), reasons=frozenset((FallbackReason.TIMEOUT,)))
TOOLS = RequestConditions(tools=True)


def test_where_no_route_leads_outside_there_is_one_table_for_all_requests() -> None:
    chain = FallbackChain(targets=(LARGE,))
    table = ModelTable((single(fallback=chain), cascaded(SMALL, LARGE), weighted(small=1), ruled(("t", TOOLS, LARGE))))
    assert table.inside is table


def test_weights_count_among_the_deployments_and_sessions_stay_where_they_are() -> None:
    table = ModelTable((weighted(small=1, large=1, outside=8),))
    assert {chosen(table.inside, CHAT, chance).target for chance in (0.0, 0.3, 0.6, 0.9)} == {SMALL, LARGE}
    for session in range(1, 200):
        facts = RouteFacts(model="chat", session=session)
        own = chosen(table, facts).target
        assert chosen(table.inside, facts).target in ((SMALL, LARGE) if own == OUTSIDE else (own,))


def test_weights_without_a_deployment_that_has_one_stay_as_they_are() -> None:
    assert inside(weighted(outside=1)) == weighted(outside=1)
    assert inside(weighted(small=0, outside=1)) == weighted(small=0, outside=1)


def test_a_rule_that_leads_outside_is_passed_by() -> None:
    table = ModelTable((ruled(("hard", TOOLS, OUTSIDE), ("tools", TOOLS, LARGE)),))
    facts = RouteFacts(model="chat", tools=True)
    assert chosen(table, facts).target == OUTSIDE
    assert (chosen(table.inside, facts).target, chosen(table.inside, facts).rule) == (LARGE, "tools")
    assert chosen(table.inside, CHAT).target == SMALL


def test_a_cascade_ends_at_its_last_deployment() -> None:
    table = ModelTable((cascaded(SMALL, OUTSIDE),))
    choice = chosen(table.inside, CHAT)
    assert (choice.target, choice.chain) == (SMALL, ())
    assert fallback.next_escalation(choice, ()) is None
    assert chosen(table, CHAT).chain == (OUTSIDE,)
    assert inside(cascaded(OUTSIDE)) == cascaded(OUTSIDE)


def test_the_first_deployment_of_the_fallback_answers_instead_of_an_api_if_it_would_without_it() -> None:
    choice = chosen(ModelTable((single(target=OUTSIDE, fallback=OTHERS),)).inside, CHAT)
    assert (choice.target, choice.chain) == (SMALL, (LARGE,))
    for kept in (single(target=OUTSIDE), single(target=OUTSIDE, fallback=LATE)):
        assert inside(kept) == kept, "routers say that the API has no such route"
    alone = inside(single(target=OUTSIDE, fallback=FallbackChain(targets=(OUTSIDE,))))
    assert alone.target == OUTSIDE


def test_a_fallback_leads_to_deployments_alone() -> None:
    choice = chosen(ModelTable((single(fallback=FallbackChain(targets=(OUTSIDE, LARGE))),)).inside, CHAT)
    assert (choice.target, choice.chain) == (SMALL, (LARGE,))


@pytest.mark.parametrize(
    "route",
    [weighted(outside=1), weighted(small=0, outside=1), cascaded(OUTSIDE)],
    ids=["by weight", "weight 0", "cascade"],
)
def test_weights_and_cascades_of_apis_alone_leave_such_requests_to_the_fallback(route: ModelRoute) -> None:
    table = ModelTable((replace(route, fallback=OTHERS),))
    for session in (0, 7):
        choice = chosen(table.inside, RouteFacts(model="chat", session=session))
        assert (choice.target, choice.chain, choice.escalations) == (SMALL, (LARGE,), 0)
    assert table.inside.inside is table.inside
    assert chosen(table, CHAT).target == OUTSIDE
    late = replace(route, fallback=LATE)
    assert inside(late) == late, "routers say that the API has no such route"
