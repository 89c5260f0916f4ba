"""Deployments of emulated engines of other kinds: one row a kind, with the same tests for each."""

from typing import Any, Final

import pytest

from fairlead.engines.catalogue import ENGINES
from fairlead.fleet.desired_state import EngineKind
from tests.node.operator_stage import Deployed, engine
from tests.node.serving.scaling.fleets import Fleet, simulated
from tests.node.stories import Manifest, Stage

KINDS: Final = (EngineKind.SIMULATED_SGLANG, EngineKind.SIMULATED_TENSORRT_LLM)
BEGINS: Final = {
    EngineKind.SIMULATED_SGLANG: ["sglang", "serve"],
    EngineKind.SIMULATED_TENSORRT_LLM: ["trtllm-serve"],
}
"""The real kind's command before its model."""
EACH: Final = pytest.mark.parametrize("kind", KINDS, ids=str)
MODEL: Final[dict[str, Any]] = {"source": "hf://meta-llama/Llama-3.2-1B-Instruct", "servedName": "chat"}
"""Small: with eight billion weights, SGLang's arithmetic leaves no room for a conversation on an L4."""


def engine_of(kind: EngineKind, context: int = 8192) -> Manifest:
    """The simulated engine of the serving tests, in another kind's words."""
    return engine(context) | {"kind": str(kind)}


def deployed(stage: Stage, kind: EngineKind, **changes: object) -> Deployed:
    """Two replicas, with these fields of the spec changed."""
    spec: dict[str, Any] = {"model": MODEL, "engine": engine_of(kind)}
    return Deployed(stage, **spec | changes)


def fleet(stage: Stage, kind: EngineKind, *, least: int = 1, most: int, policy: Manifest | None = None) -> Fleet:
    """A fleet that the autoscaler scales, with few slots a replica."""
    made = Fleet(stage, least=least, most=most, policy=policy)
    return made.apply(model=MODEL, engine=simulated() | {"kind": str(kind)})


def speaks_as(pod: Manifest, kind: EngineKind) -> bool:
    """Whether a pod's port and the words before its model are the real kind's."""
    (container,) = pod["spec"]["containers"]
    (port,) = (one["containerPort"] for one in container["ports"])
    command = [*container.get("command", ()), *container.get("args", ())]
    real = command[command.index("--") + 1 :] if "--" in command else []
    return bool(port == ENGINES[kind].api.port and real[: len(BEGINS[kind])] == BEGINS[kind])
