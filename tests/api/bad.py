"""Building blocks of bad specs: the minimal valid spec, changed, and what our reader and the API server must report."""

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
    """The field that both messages name."""
    wording: str
    """Our message; the API server's too unless `there` is set."""
    there: str = ""
    """The API server's message where its schema words it differently."""
    kind: Kind[Any] = field(default=DEPLOYMENT)
    name: str = "bad"


def but(**changed: Any) -> dict[str, Any]:  # noqa: ANN401  # any value may be in a bad spec
    return LEAST | changed


def canary(*steps: dict[str, Any]) -> dict[str, Any]:
    return but(rollout={"strategy": "Canary", "canary": {"steps": list(steps)}})


def engine(**changed: Any) -> dict[str, Any]:  # noqa: ANN401  # any value may be in a bad spec
    return but(engine=changed)


def route(**changed: Any) -> dict[str, Any]:  # noqa: ANN401  # any value may be in a bad spec
    return {"models": [{"name": "chat", **changed}]}
