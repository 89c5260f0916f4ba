"""Gateways: what tenants use and have spent, and which models answer."""

from fairlead.console import gateway_page
from tests.console.objects import FRAME, REMEDIES, condition, gateway
from tests.console.reading import read


def test_the_table_leads_to_each_gateway_and_says_what_is_wrong() -> None:
    silent = [condition("Ready", "False", "RoutersSilent", "2 routers do not answer"),
              condition("Routable", "False", "RoutersSilent", "2 routers do not answer")]  # fmt: skip
    unseen = gateway("new")
    unseen["status"] = None
    page = read(gateway_page.table_page([gateway(), gateway("broken", conditions=silent), unseen], REMEDIES, FRAME))
    assert "team/company 2 of 2 1 2 2 team/broken" in page.text
    assert "RoutersSilent: 2 routers do not answer" in page.text
    assert "no operator has reconciled it yet" in page.text
    assert "./gateways/team/company" in page.values("href")


def test_without_a_gateway_the_page_says_so() -> None:
    text = read(gateway_page.table_page([], REMEDIES, FRAME)).text
    assert "There is no InferenceGateway in the namespaces that you may read." in text


def test_a_gateway_shows_use_against_limits_and_money_against_budgets() -> None:
    text = read(gateway_page.page(gateway(), REMEDIES, FRAME)).text
    assert "sales 3 of 8 1 40 9,000 of 100,000 12.50 100.00 in Month open 0 0 0 0 - -" in text
    assert "small ✓ yes team/chat (2 routable) large ✗ no no replica is ready" in text


def test_a_gateway_whose_status_is_old_or_missing_says_so_as_the_table_does() -> None:
    """Its tenants' figures are of then."""
    changed, unseen, starting = gateway(), gateway("new"), gateway("early")
    changed["metadata"]["generation"] = 2
    unseen["status"] = None
    starting["status"]["conditions"] = [condition("Ready", "False", "Starting", "0 of 2 routers are ready")]
    for one, sign, words in (
        (gateway(), "✓ Serving: 2 of 2 routers are ready", ""),
        (changed, "! ", "its status is from generation 1, the object is at 2: the last change is not processed yet"),
        (unseen, "✗ ", "no operator has reconciled it yet"),
        (starting, "✗ ", "Starting: 0 of 2 routers are ready"),
    ):
        name = one["metadata"]["name"]
        assert f"team/{name} {sign}{words}" in read(gateway_page.page(one, REMEDIES, FRAME)).text
        assert words in read(gateway_page.table_page([one], REMEDIES, FRAME)).text


def test_an_unused_gateway_is_shown_as_such_and_what_is_wrong_comes_first() -> None:
    silent = [condition("Routable", "False", "RoutersSilent", "2 routers do not answer")]
    text = read(gateway_page.page(gateway(tenants=[], models=[], conditions=silent), REMEDIES, FRAME)).text
    assert text.index("RoutersSilent (Routable)") < text.index("Tenants No tenant has sent a request yet")
    assert "No deployment has joined, so no model is served." in text
