"""A model that is not there and one whose weights are cut: real vLLM's last words become a condition to act on."""

import pytest

from house import tiny_images
from tests.node.serving.claims import Record
from tests.node.stories import Stage
from tests.node.vllm.real_engines import START_SECONDS, conditions, deployed, spec
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("/models/nowhere", "ModelNotFound"),
        ("oci://localhost/fairlead-tiny-llama:missing", "ImageNotPulled"),
        (f"oci://{tiny_images.CORRUPT}", "ModelUnreadable"),
    ],
)
def test_a_model_that_is_missing_or_cut_is_named_by_a_condition(
    stage: Stage, source: str, reason: str, record_property: Record
) -> None:
    chat = deployed(stage, model=spec()["model"] | {"source": source}, router={"replicas": 1})

    def reasons() -> set[str]:
        seen = chat.observe()
        return {seen.reason(kind) for kind in ("Ready", "Stalled", "Progressing")}

    eventually(lambda: reason in reasons(), f"{reason} is what its owner reads", START_SECONDS)
    said = " ".join(conditions(chat).values())
    record_property("conditions", said)
    assert "spec.model" in said
