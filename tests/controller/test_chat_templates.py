"""A chat template from a ConfigMap: looked up, mounted, and read only at the start."""

from typing import Any

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from tests.controller.pretend import Pretend, deployment

pytestmark = pytest.mark.trial(19)


def templates(name: str, **data: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data}


def templated(name: str = "chat-v1") -> Manifest:
    engine: dict[str, Any] = {"tools": {"parser": "hermes"}, "chatTemplate": {"configMap": {"name": name, "key": "t"}}}
    return deployment(engine=engine | {"kind": "Simulated", "context": {"maxTokens": 8192}})


def test_nothing_starts_until_the_config_map_and_its_key_are_there() -> None:
    world = Pretend()
    world.apply(templated())
    world.settle()
    assert world.condition("Accepted")[0] == "False"
    assert "spec.engine.chatTemplate.configMap.name: chat-v1: there is no ConfigMap chat-v1 in" in world.message(
        "Accepted"
    )
    assert world.engine_pods() == []

    world.objects.put(kinds.CONFIG_MAP, templates("chat-v1", other="{{ messages }}"))
    world.settle()
    assert "has no such key; it has other; add the key to ConfigMap chat-v1" in world.message("Accepted")

    world.objects.put(kinds.CONFIG_MAP, templates("chat-v1", t="{{ messages }}"))
    world.settle()
    assert world.condition("Ready")[0] == "True"
    (volume,) = [one for one in world.engine_pods()[0]["spec"]["volumes"] if "configMap" in one]
    assert volume["configMap"] == {"name": "chat-v1", "items": [{"key": "t", "path": "template.jinja"}]}


def test_a_changed_text_starts_no_revision_and_another_name_does() -> None:
    world = Pretend()
    for name in ("chat-v1", "chat-v2"):
        world.objects.put(kinds.CONFIG_MAP, templates(name, t="{{ messages }}"))
    world.apply(templated())
    world.settle()
    before = world.engines()

    world.objects.put(kinds.CONFIG_MAP, templates("chat-v1", t="{{ messages }} again"))
    world.settle()
    assert world.engines() == before

    world.apply(templated("chat-v2"))
    world.settle()
    assert world.engines() != before
