"""Deployments of the tiny model on real vLLM, and questions whose answers are counted by their tokens."""

from typing import Any, Final

from tests.node.engine_world import MODEL, REPLICA
from tests.node.operator_stage import Deployed
from tests.node.stories import Stage

CONTEXT: Final = 2048
OTHER_CONTEXT: Final = 1024
"""What an edit changes it to: both fit every question."""


def spec(context: int = CONTEXT, **engine: object) -> dict[str, Any]:
    """A replica with a core of its own; `engine` adds to its engine part."""
    return {"model": MODEL, "engine": {"context": {"maxTokens": context}, **engine}, **REPLICA}


def deployed(stage: Stage, name: str = "chat", **changes: object) -> Deployed:
    """The tiny model on real vLLM, with these fields of its spec changed."""
    return Deployed(stage, name, **(spec() | changes))
