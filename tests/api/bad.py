"""What a bad spec is made of: the least right one, changed, and what both doors must say of it."""

from dataclasses import dataclass, field
from typing import Any, Final

from fairlead.api.kinds import DEPLOYMENT, Kind

LEAST: Final[dict[str, Any]] = {
    "model": {"source": "hf://Qwen/Qwen3-0.6B"},
    "accelerator": {"product": "NVIDIA-L4"},
}


@dataclass(frozen=True, kw_only=True)
class Bad:
    """One bad spec."""

    story: str
    spec: dict[str, Any]
    at: str
    """The field that both name."""
    wording: str
    """What we say, and the server too unless `there` stands."""
    there: str = ""
    """What the server says where its schema speaks in its own words."""
    kind: Kind[Any] = field(default=DEPLOYMENT)
    name: str = "bad"


def but(**changed: Any) -> dict[str, Any]:  # noqa: ANN401  # any value may stand in a bad spec
    return LEAST | changed


def canary(*steps: dict[str, Any]) -> dict[str, Any]:
    return but(rollout={"strategy": "Canary", "canary": {"steps": list(steps)}})


def engine(**changed: Any) -> dict[str, Any]:  # noqa: ANN401  # any value may stand in a bad spec
    return but(engine=changed)


def route(**changed: Any) -> dict[str, Any]:  # noqa: ANN401  # any value may stand in a bad spec
    return {"models": [{"name": "chat", **changed}]}
