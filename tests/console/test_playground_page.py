"""The playground: the models it offers, the path of a request, and its message where none can be sent."""

from dataclasses import replace
from typing import Any

from fairlead.console import playground_page
from fairlead.console.playground_page import PlaygroundModel
from tests.console.objects import FRAME, deployment, facts, gateway
from tests.console.reading import read

CHAT = PlaygroundModel(model="chat", owner="infd/chat in team", service="team/chat:http")


def adapted(**spec: Any) -> dict[str, Any]:  # noqa: ANN401  # of a spec
    made = deployment(endpoint="https://chat-router.team.svc/v1")
    return made | {"spec": made["spec"] | spec}


def test_a_deployment_offers_its_model_and_its_adapters_by_its_routers_service() -> None:
    document = adapted(model={"servedName": "big"}, engine={"adapters": [{"name": "de"}, {"name": "fr"}]})
    found = list(playground_page.of_deployments([facts(document)]))
    assert [one.model for one in found] == ["big", "de", "fr"]
    assert {one.service for one in found} == {"team/https:chat-router:https"}
    assert list(playground_page.of_deployments([facts()])) == [CHAT]


def test_what_has_no_address_yet_is_not_offered() -> None:
    new = deployment(endpoint=None)
    odd = (
        deployment(endpoint=address)
        for address in ("http://[::1", "http://chat", "ftp://a.b.svc/", "http://a/../b.svc/")
    )
    assert list(playground_page.of_deployments([facts(new), *map(facts, odd)])) == []
    assert list(playground_page.of_gateways([gateway(), gateway("none") | {"status": None}])) == []


def test_a_gateway_offers_every_model_that_it_knows() -> None:
    found = list(playground_page.of_gateways([gateway(endpoint="http://company.team.svc/v1")]))
    assert [(one.model, one.service) for one in found] == [
        ("small", "team/company:http"),
        ("large", "team/company:http"),
    ]
    assert {one.owner for one in found} == {"infg/company in team"}


def test_an_adapter_that_a_replica_has_loaded_is_offered_by_its_deployments_service() -> None:
    def adapter(name: str, **status: Any) -> dict[str, Any]:  # noqa: ANN401  # of a status
        about = {"name": name, "namespace": "team"}
        return {"metadata": about, "spec": {"deployment": "chat"}, "status": status}

    found = [
        adapter("chat-sql", servedName="sql", loaded=2),
        adapter("chat-de", loaded=0),
        adapter("chat-fr", loaded=1),
    ]
    elsewhere = adapter("other", loaded=1) | {"spec": {"deployment": "other"}}
    new = adapter("new") | {"status": None}
    assert list(playground_page.of_adapters([*found, elsewhere, new], [facts()])) == [
        PlaygroundModel(model="sql", owner="adp/chat-sql in team", service="team/chat:http"),
        PlaygroundModel(model="chat-fr", owner="adp/chat-fr in team", service="team/chat:http"),
    ]


def test_the_form_names_every_field_and_says_what_a_request_costs() -> None:
    hostile = replace(CHAT, model="</select><script>x</script>")
    page = read(playground_page.page([CHAT, hostile], FRAME, playable=True))
    assert page.values("src") == ["./assets/playground.js"], "following would lose what was typed"
    assert page.values("data-service") == ["team/chat:http"] * 2
    fields = [value for tag, name, value in page.attributes if tag in ("select", "textarea", "input") and name == "id"]
    assert sorted(fields) == sorted(value for tag, name, value in page.attributes if (tag, name) == ("label", "for"))
    assert "It is a real request" in page.text
    assert "</select><script>x</script> (infd/chat in team)" in page.text


def test_without_the_commands_door_or_without_a_model_there_is_no_form() -> None:
    elsewhere = read(playground_page.page([CHAT], FRAME, playable=False))
    assert ("form" in elsewhere.tags, "Requests are sent by fairlead console" in elsewhere.text) == (False, True)
    nothing = read(playground_page.page([], FRAME, playable=True))
    assert ("form" in nothing.tags, "No model has an address yet" in nothing.text) == (False, True)
