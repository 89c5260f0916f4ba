"""A model that is not there and one whose weights are cut: real vLLM's last words become a condition to act on."""

from typing import Final

import pytest

from house import tiny_images
from tests.node.operator_stage import observe_all
from tests.node.stories import Stage
from tests.node.vllm.real_engines import START_SECONDS, conditions, deployed, spec
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

MODELS: Final = {
    "folder": ("/models/nowhere", "ModelNotFound"),
    "image": ("oci://localhost/fairlead-tiny-llama:missing", "ImageNotPulled"),
    "corrupt": (f"oci://{tiny_images.CORRUPT}", "ModelUnreadable"),
}
"""Each with the reason that its owner reads."""


def test_a_model_that_is_missing_or_cut_is_named_by_a_condition(stage: Stage) -> None:
    """Side by side: none of them ever computes."""
    fleet = {
        name: deployed(stage, name, model=spec()["model"] | {"source": source}, router={"replicas": 1})
        for name, (source, _) in MODELS.items()
    }

    def reasons() -> dict[str, set[str]]:
        seen = observe_all(stage)
        return {name: {seen[name].reason(kind) for kind in ("Ready", "Stalled", "Progressing")} for name in fleet}

    wanted = {name: reason for name, (_, reason) in MODELS.items()}
    eventually(lambda: all(wanted[name] in found for name, found in reasons().items()), f"{wanted}", START_SECONDS)
    for name, chat in fleet.items():
        assert "spec.model" in " ".join(conditions(chat).values()), name
