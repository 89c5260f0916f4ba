"""The fleet: problems first, fifty at a time, and each deployment one click away."""

from typing import Any

from fairlead.console import fleet_page, fleet_row
from fairlead.console.facts import DeploymentFacts
from fairlead.console.fleet_page import FleetQuery
from tests.console.objects import FRAME, NO_ROOM, REMEDIES, condition, deployment, facts
from tests.console.reading import ReadPage, read


def shown(*held: DeploymentFacts, query: FleetQuery = FleetQuery()) -> ReadPage:  # noqa: B008  # frozen
    return read(fleet_page.page(fleet_row.rows(held, REMEDIES), query, FRAME))


def named(count: int, **status: Any) -> list[DeploymentFacts]:  # noqa: ANN401  # of a status
    return [facts(deployment(f"chat-{number:03}", **status), accelerators=2) for number in range(count)]


def test_deployments_that_are_down_come_before_doubtful_and_serving_ones() -> None:
    doubtful = (condition("Fits", "True", "Tight", "one request fits"), condition("Ready", "True", "Serving", "yes"))
    held = [
        facts(deployment("a-well"), accelerators=4),
        facts(deployment("b-tight", conditions=list(doubtful))),
        facts(deployment("c-down", conditions=list(NO_ROOM), readyReplicas=0)),
        facts(deployment("d-new", conditions=[], observedGeneration=None)),
    ]

    rows = fleet_row.rows(held, REMEDIES)

    assert [(one.name, one.state) for one in rows] == [
        ("c-down", "down"),
        ("d-new", "down"),
        ("b-tight", "doubtful"),
        ("a-well", "serves"),
    ]
    assert [one.trouble for one in rows] == [
        "NoFreeGpu: pod chat-1 waits for 2 GPUs",
        "no operator has reconciled it yet",
        "Tight: one request fits",
        "",
    ]


def test_a_deployment_that_is_not_ready_without_a_cause_shows_what_ready_says() -> None:
    held = facts(deployment(conditions=[condition("Ready", "False", "Starting", "soon")]))
    (row,) = fleet_row.rows([held], REMEDIES)
    assert (row.state, row.trouble) == ("down", "Starting: soon")


def test_a_row_says_what_a_deployment_has_and_costs() -> None:
    page = shown(facts(accelerators=4))
    assert "team/chat ✓ serves 2 of 2 10 (8 to 12) 4 1.40" in page.text
    assert "./deployments/team/chat" in page.values("href")


def test_totals_are_of_all_and_rows_of_one_page() -> None:
    page = shown(*named(120), query=FleetQuery(page=2))
    assert (
        "Deployments 120 Down 0 Doubtful 0 Replicas ready 240 Accelerators in use 240 Cost an hour 168.00" in page.text
    )
    assert page.tags.count("tr") == 1 + fleet_page.PAGE_ROWS
    assert "Previous Next Page 2 of 3" in page.text
    assert [one for one in page.values("href") if one.startswith("?")] == ["?page=1", "?page=3"]


def test_a_page_beyond_the_last_is_the_last_and_one_before_the_first_the_first() -> None:
    assert "Previous Page 3 of 3" in shown(*named(120), query=FleetQuery(page=99)).text
    assert "Next Page 1 of 3" in shown(*named(120), query=FleetQuery(page=0)).text


def test_the_search_covers_names_namespaces_and_reasons_and_is_kept_by_the_pager() -> None:
    held = [*named(60), facts(deployment("other", conditions=list(NO_ROOM)))]
    assert "team/other" in shown(*held, query=FleetQuery(words="nofreeGPU")).text
    assert [one for one in shown(*held, query=FleetQuery(words="chat-")).values("href") if "?" in one] == [
        "?words=chat-&page=2"
    ]
    assert "None of 61 deployments has 'mail' in it" in shown(*held, query=FleetQuery(words="mail")).text


def test_an_empty_fleet_says_so_and_unknown_figures_are_dashes() -> None:
    assert "There is no InferenceDeployment in the namespaces that you may read." in shown().text
    bare = deployment(conditions=[], cost=None, fit=None, desiredReplicas=None, readyReplicas=None)
    assert "team/chat ✗ down 0 of - - 0 -" in shown(facts(bare)).text
    assert "Cost an hour -" in shown(facts(bare)).text
