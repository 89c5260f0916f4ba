"""Argo CD's health check in docs/install.md, run as Argo CD runs it, on objects that the operator has written."""

import re
from pathlib import Path
from typing import Any, Final

import lupa
import pytest
import yaml

from tests.controller.pretend import Pretend, deployment

PAGE: Final = Path(__file__).parents[2] / "docs" / "install.md"
OURS: Final = "fairlead.dev/*"


def check() -> str:
    """The Lua of the page's ConfigMap."""
    found = re.search(
        r"```yaml\n(apiVersion: v1\nkind: ConfigMap\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )
    assert found is not None
    written = yaml.safe_load(found[1])["data"]["resource.customizations"]
    return str(yaml.safe_load(written)[OURS]["health.lua"])


def health(stored: dict[str, Any]) -> tuple[str, str]:
    """Run the check as Argo CD does: the object is the global `obj`."""
    runtime = lupa.LuaRuntime(unpack_returned_tuples=False)
    runtime.globals()["obj"] = runtime.table_from(stored, recursive=True)
    answer: Any = runtime.execute(check())
    return str(answer["status"]), str(answer["message"])


@pytest.fixture
def serving() -> Pretend:
    """A deployment that serves."""
    world = Pretend(gpus=4)
    world.apply(deployment())
    world.settle()
    return world


def test_what_serves_is_healthy(serving: Pretend) -> None:
    assert health(serving.document()) == ("Healthy", "2 of 2 replicas serve")


def test_an_object_that_the_operator_has_not_seen_is_on_its_way() -> None:
    world = Pretend(gpus=4)
    world.apply(deployment())
    assert health(world.document())[0] == "Progressing"


def test_a_change_is_on_its_way_before_and_while_it_rolls_out(serving: Pretend) -> None:
    serving.apply(deployment(context=4096))
    assert health(serving.document()) == ("Progressing", "the operator has not read this generation yet")
    serving.rounds(1)
    assert health(serving.document())[0] == "Progressing"
    serving.settle()
    assert health(serving.document())[0] == "Healthy"


def test_what_needs_a_person_is_degraded_with_the_remedy(serving: Pretend) -> None:
    serving.apply(deployment(context=10_000_000))
    serving.rounds(2)
    status, message = health(serving.document())
    assert status == "Degraded"
    assert "maxTokens" in message
