"""Secrets that a gateway names and that are not there: its routers start without them, so its status has to say so."""

import base64
from datetime import timedelta
from typing import Any, Final

import pytest

from fairlead.cluster import kinds, package_data
from fairlead.fleet.findings import MAX_SHOWN
from fairlead.review import diagnosis, remedies
from tests.controller.gateways.gateway_world import GatewayWorld, served

REMEDIES: Final = remedies.read(package_data.remedies())
BIG: Final[dict[str, Any]] = {
    "name": "big",
    "url": "https://api.example.com/v1",
    "model": "large-1",
    "keySecret": {"name": "hosted", "key": "token"},
}
SHOP: Final[dict[str, Any]] = {"name": "shop", "keys": [{"name": "shop-keys", "key": "current"}]}
HELPED: Final = {"fallback": {"deployments": ["external/big"]}}
ELSEWHERE: Final[dict[str, Any]] = {"name": "talk", "deployment": "external/big"}


def put_secret(world: GatewayWorld, name: str, *entries: str) -> None:
    """A Secret with these entries."""
    data = {one: base64.b64encode(b"x").decode() for one in entries}
    world.objects.put(kinds.SECRET, {"metadata": {"name": name, "namespace": "default"}, "data": data})


def test_the_key_of_another_api_that_is_not_there_shows_in_the_status_until_it_is() -> None:
    """Each request of the model was refused by the API, while all conditions said that it can be answered."""
    world = served(models=[ELSEWHERE], external=[BIG])
    assert world.gateway_condition("Accepted") == ("True", "SecretsMissing")
    assert (
        "spec.external[0].keySecret.name: hosted: there is no Secret hosted in namespace default; create it first"
        in world.gateway_message("Accepted")
    )
    assert world.gateway_tick().after_s == 15.0
    put_secret(world, "hosted", "Token")
    world.settle()
    assert (
        "spec.external[0].keySecret.key: token: Secret hosted has no such key; it has Token"
        in world.gateway_message("Accepted")
    )
    put_secret(world, "hosted", "token")
    world.settle()
    assert world.gateway_condition("Accepted") == ("True", "Accepted")
    assert world.gateway_message("Accepted") == "every setting can work"


def test_a_model_of_another_api_is_not_answered_without_its_key_and_why_says_what_is_missing() -> None:
    """Its status counted it as answered, and `fairlead why` found nothing to do."""
    own = {"name": "own", "deployment": "chat"}
    world = served(models=[ELSEWHERE, own], external=[BIG])
    assert world.gateway_condition("Ready") == ("True", "Serving")
    assert world.gateway_message("Ready") == (
        "1 of 2 models can serve requests; talk: routers lack the key of external/big; see the condition Accepted"
    )
    assert {one["name"]: one["ready"] for one in world.gateway()["status"]["models"]} == {"talk": False, "own": True}
    (found,) = diagnosis.diagnose(world.gateway(), REMEDIES).found
    assert (found.type, found.reason, found.command) == ("Accepted", "SecretsMissing", "kubectl get secrets -n default")
    put_secret(world, "hosted", "token")
    world.settle()
    assert world.gateway_message("Ready") == "2 of 2 models can serve requests"


@pytest.mark.parametrize("where", [{"deployment": "external/big"}, {"deployment": "elsewhere", **HELPED}], ids=str)
def test_a_gateway_whose_only_model_lacks_its_key_is_not_ready(where: dict[str, Any]) -> None:
    world = GatewayWorld()
    world.put_gateway(models=[{"name": "talk", **where}], external=[BIG])
    world.settle()
    reason = "SecretsMissing" if where["deployment"] == "external/big" else "NoneReady"
    assert world.gateway_condition("Ready") == ("False", reason)
    assert "SecretsMissing" in [one.reason for one in diagnosis.diagnose(world.gateway(), REMEDIES).found]
    put_secret(world, "hosted", "token")
    world.settle()
    assert world.gateway_condition("Ready") == ("True", "Serving")


def test_a_tenants_missing_keys_are_named_and_its_routers_start() -> None:
    world = served(tenants=[SHOP])
    assert "spec.tenants[0].keys[0].name: shop-keys: there is no Secret" in world.gateway_message("Accepted")
    assert world.gateway_condition("Ready") == ("True", "Serving")
    put_secret(world, "shop-keys", "current")
    world.now += timedelta(minutes=1)
    world.settle()
    assert "shop-keys" not in world.gateway_message("Accepted")


def test_a_secret_that_cannot_be_read_keeps_no_new_model_out_of_the_status() -> None:
    """All of the status stayed as it was, while routers had the new model."""
    world = served(models=[ELSEWHERE], external=[BIG], tenants=[SHOP])
    put_secret(world, "hosted", "token")
    world.settle()
    world.named.unreadable = {"hosted"}
    world.put_gateway(models=[ELSEWHERE, {"name": "two", "deployment": "chat"}], external=[BIG], tenants=[SHOP])
    world.settle()
    status = world.gateway()["status"]
    assert status["observedGeneration"] == 2
    assert [one["name"] for one in status["models"]] == ["talk", "two"]
    assert "hosted" not in world.gateway_message("Accepted")
    assert "spec.tenants[0].keys[0].name: shop-keys: there is no Secret" in world.gateway_message("Accepted"), (
        "the others are read all the same"
    )


def test_the_optional_secret_of_all_tenants_keys_is_no_gap() -> None:
    world = served(tenants=[{"name": "shop"}])
    assert "front-keys" not in world.gateway_message("Accepted")


def test_of_many_missing_secrets_the_first_are_named() -> None:
    many = [{"name": f"t-{number}", "keys": [{"name": f"k-{number}", "key": "a"}]} for number in range(12)]
    message = served(tenants=many).gateway_message("Accepted")
    assert message.count("there is no Secret") == MAX_SHOWN
    assert "and 4 more" in message
