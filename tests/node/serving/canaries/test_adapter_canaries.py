"""A new version of an adapter on a node: questions first, then some users, then all, and back by a command."""

import json
import time
from pathlib import Path
from typing import Any, Final

import pytest

from house import tiny_images
from tests.node.adapter_stage import (
    HubAdapter,
    adapter_status,
    apply_adapter,
    completed,
    engine_part,
    open_hub,
    written,
)
from tests.node.operator_stage import Deployed, engine
from tests.node.serving.claims import Record
from tests.node.serving.scaling.fleets import command
from tests.node.stories import Manifest, Stage
from tests.node.versioned_streams import PROMPTS, TOKENS, VersionedStreams
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

ITEMS: Final = 50
CANARY: Final[dict[str, Any]] = {
    "steps": [
        {"traffic": 0, "hold": "0s", "gates": ["Quality"]},
        {"traffic": 40, "hold": "1s", "gates": ["Manual"]},
    ],
    "quality": {"evaluation": "answers", "margin": "8"},
}


def test_a_new_adapter_version_is_evaluated_first_then_gets_some_users_and_a_person_decides(
    stage: Stage, our_image: str, tmp_path: Path, record_property: Record
) -> None:
    adapters = written(tmp_path)
    old, new = adapters["old"], adapters["new"]
    chat = fleet(stage, our_image, tmp_path)
    evaluation(stage)
    address, first = chat.address(), chat.observe().engines
    right = answers(chat, address, old, new)

    with VersionedStreams(address, "sql", right, clients=4) as streams:
        apply_adapter(chat, "sql", named(old), canary=CANARY)
        eventually(lambda: set(streams.versions[-8:]) == {old.in_engine("sql")}, "the old version alone", 30)
        seen = len(streams.versions)
        apply_adapter(chat, "sql", named(old), named(new), canary=CANARY)
        passed_its_questions(chat)
        assert canary(chat)["gates"][0]["reason"] == "NotWorse"
        assert set(streams.versions[seen:]) == {old.in_engine("sql")}, "no user saw it before"

        eventually(lambda: new.in_engine("sql") in streams.versions[seen:], "some users get it", 30)
        eventually(lambda: "CanaryHeld" in str(adapter_status(chat, "sql")["conditions"]), "it waits for a person", 30)
        assert "40 %" in command(stage, "rollout", "status", "adp/sql")
        command(stage, "rollout", "abort", "adp/sql")
        ordered = time.monotonic()
        eventually(lambda: set(streams.versions[-16:]) == {old.in_engine("sql")}, "it lost its users", 30)
        record_property("seconds_to_the_old_version_alone", round(time.monotonic() - ordered, 1))

        command(stage, "rollout", "retry", "adp/sql")
        passed_its_questions(chat)
        command(stage, "rollout", "promote", "adp/sql")
        eventually(lambda: set(streams.versions[-16:]) == {new.in_engine("sql")}, "the new version alone", 30)
        assert canary(chat)["phase"] == "Promoted"

    record_property("versioned_answers", len(streams.versions))
    record_property("mixed_answers", len(streams.wrong))
    assert streams.wrong == []
    assert set(streams.statuses) == {200}
    assert chat.observe().engines == first, "no replica was started or ended for it"


def fleet(stage: Stage, our_image: str, folder: Path) -> Deployed:
    """Two replicas with slots, and a hub that has the adapters."""
    simulated, parts = engine(), engine_part(open_hub(stage, our_image, folder))
    both = simulated | parts | {"env": [*simulated["env"], *parts["env"]]}
    model = {"source": "hf://acme/tiny", "servedName": "chat", "shape": dict(tiny_images.SHAPE)}
    chat = Deployed(stage, engine=both, model=model)
    chat.serves()
    return chat


def evaluation(stage: Stage) -> None:
    """Any answer with a word in it is right."""
    lines = [json.dumps({"input": f"Name ship {number}.", "target": r"\w"}) for number in range(ITEMS)]
    head = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "questions"}}
    stage.apply(head | {"data": {"items.jsonl": "\n".join(lines)}})
    spec = {
        "items": {"configMap": {"name": "questions", "key": "items.jsonl"}},
        "scorer": {"type": "Regex"},
        "sampling": {"maxTokens": 8},
        "concurrency": 8,
        "minItems": ITEMS,
    }
    stage.apply(
        {"apiVersion": "fairlead.dev/v1alpha1", "kind": "Evaluation", "metadata": {"name": "answers"}, "spec": spec}
    )


def answers(chat: Deployed, address: str, *adapters: HubAdapter) -> dict[tuple[str, str], str]:
    """Each version's answer to each prompt, requested alone."""
    found: dict[tuple[str, str], str] = {}
    for adapter in adapters:
        apply_adapter(chat, "sql", adapter.version())
        name = adapter.in_engine("sql")
        found |= {(name, one): answer(address, one, name) for one in PROMPTS}
    return found


def answer(address: str, prompt: str, version: str) -> str:
    """By this version: one of two routers may not know it yet."""

    def text() -> str:
        _, words, answered_by = completed(address, "sql", prompt, TOKENS)
        return words if answered_by == version else ""

    return eventually(text, f"{version} answers", 30)


def named(adapter: HubAdapter) -> Manifest:
    """Without traffic, which the canary sets."""
    found = adapter.version()
    del found["traffic"]
    return found


def passed_its_questions(chat: Deployed) -> None:
    """One item at a time at each replica, since it serves users."""
    try:
        eventually(lambda: canary(chat).get("step") == 2, "its questions were answered as well", 240)
    except AssertionError as missed:
        raise AssertionError(f"{missed}; {canary(chat)}") from missed


def canary(chat: Deployed) -> Manifest:
    """The canary's state."""
    return dict(adapter_status(chat, "sql").get("canary") or {})
