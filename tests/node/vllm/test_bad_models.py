"""A model that is not there and one whose weights are cut: real vLLM's last words become a condition to act on."""

import pytest

from house import tiny_images
from tests.node.operator_stage import Deployed
from tests.node.serving.claims import Record, unharmed
from tests.node.stories import Stage
from tests.node.vllm.real_engines import START_SECONDS, conditions, deployed, serves, spec, traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

REMEDY = "check the files behind spec.model.source"


@pytest.mark.parametrize(
    ("source", "reason"),
    [("/models/nowhere", "ModelNotFound"), ("oci://localhost/fairlead-tiny-llama:missing", "ImageNotPulled")],
)
def test_a_model_that_is_not_there_is_named_by_a_condition(stage: Stage, source: str, reason: str) -> None:
    chat = deployed(stage, model=spec()["model"] | {"source": source})
    eventually(lambda: reason in reasons(chat), f"{reason} is what its owner reads", START_SECONDS)
    assert "spec.model" in " ".join(conditions(chat).values())


def test_weights_that_are_cut_are_named_and_replace_nobody(stage: Stage, record_property: Record) -> None:
    """The check opens them before the only replica would have to go."""
    chat = deployed(stage)
    before = serves(chat).engines
    with traffic(chat) as clients:
        chat.apply(model=spec()["model"] | {"source": f"oci://{tiny_images.CORRUPT}"})
        eventually(lambda: REMEDY in " ".join(conditions(chat).values()), "what its owner reads", START_SECONDS)
        clients.goes_on()

    unharmed(clients.report, record_property)
    assert chat.observe().engines.items() >= before.items()


def reasons(chat: Deployed) -> set[str]:
    """Of the conditions that could name it."""
    seen = chat.observe()
    return {seen.reason(kind) for kind in ("Ready", "Stalled", "Progressing")}
