"""Another kind of engine is one folder, one row and its name: a copy of the product gets these, and works."""

import shutil
from typing import Any, Final

import pytest

from tests.engines import copied
from tests.house.recipes import PRODUCT, RecipeEdit

FOLDER: Final = "engines/pretend"
CATALOGUE: Final = PRODUCT / "engines" / "catalogue.py"
EDITS: Final = (
    RecipeEdit(
        path=PRODUCT / "fleet" / "desired_state.py",
        after='    TENSORRT_LLM = "TensorRT-LLM"\n',
        more='    PRETEND = "Pretend"\n',
    ),
    RecipeEdit(
        path=CATALOGUE,
        after="from fairlead.engines.http_api import HttpApi\n",
        more="from fairlead.engines.pretend.engine import PretendEngine\n",
    ),
    RecipeEdit(
        path=CATALOGUE,
        after="        EngineKind.SIMULATED: emulator.VLLM,\n",
        more="        EngineKind.PRETEND: PretendEngine(),\n",
    ),
)


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the copy with the fake engine reports."""
    root = tmp_path_factory.mktemp("another")
    folder = copied.product(root, EDITS) / FOLDER
    folder.mkdir()
    (folder / "__init__.py").write_text('"""A pretend engine."""\n')
    shutil.copy(copied.HERE / "pretend" / "engine.py", folder)
    return copied.outcome_of(root, "kind_story.py")


def test_a_spec_of_it_is_accepted_and_held_to_its_own_rules(reported: dict[str, Any]) -> None:
    assert reported["schema"], "the schema names it"
    assert reported["refusals"] == {
        "plain": [],
        "one of its flags": [["spec.engine.extraArgs[0]", "routers and probes look for the engine on port 30000"]],
        "one of vLLM's flags": [],
        "sleep": [["spec.engine.sleep.enabled", "engines of this kind cannot be put to sleep"]],
    }


def test_its_pod_is_started_probed_and_ended_as_it_says(reported: dict[str, Any]) -> None:
    assert reported["pod"] == {
        "words": ["pretend", "--listen", "30000", "Qwen/Qwen3-0.6B"],
        "image": "example.com/pretend:7.1",
        "environment": {"HOME": "/tmp", "USER": "engine", "PRETEND_HOME": "/cache"},
        "ports": [30000],
        "probes": ["/started", "/ready", "/alive"],
        "user": 4242,
        "grace": 10 + 300 + 30,
    }


def test_routers_are_admitted_and_use_its_own_port_headers_and_errors(reported: dict[str, Any]) -> None:
    assert reported["children"] == {
        "open": 30000,
        "asked on": 30000,
        "traces": "pretend",
        "tokenizer": ["/ids", 2],
        "priority": ["x-pretend-rank", True],
        "quick": "QuickLoad(running=3.0, waiting=1.0, kv_usage=0.5, kv_tokens=6400, kv_by_blocks=True)",
    }
    assert reported["errors"] == ["BUSY", "BUSY", "FAILED", "PASS_ON"]


def test_it_is_sized_by_its_own_share_of_the_memory(reported: dict[str, Any]) -> None:
    assert reported["budget"] == 0.5


def test_its_metrics_become_load_wherever_they_are_read(reported: dict[str, Any]) -> None:
    assert reported["metrics"] == {"at": "10.0.0.1:30000/engine/metrics", "load": [3.0, 1.0, 100, 64], "queried": True}


def test_its_termination_message_is_understood(reported: dict[str, Any]) -> None:
    words = "the engine exited with code 1: out of pretend memory; write less context"
    assert reported["ended"] == f"OutOfGpuMemory: {words}"


def test_it_is_never_put_to_sleep(reported: dict[str, Any]) -> None:
    assert reported["acts"] == {"sleeps": False, "is awake": True}


def test_its_drafts_are_counted_as_it_makes_them(reported: dict[str, Any]) -> None:
    assert reported["drafts"] == 5


def test_clients_reach_all_of_its_routes_but_those_that_it_keeps_to_itself(reported: dict[str, Any]) -> None:
    assert reported["forwarded"] == [False, True]


def test_it_is_neither_swept_nor_played_before_it_says_how(reported: dict[str, Any]) -> None:
    assert reported["measured"] == {"swept": False, "played": False}
