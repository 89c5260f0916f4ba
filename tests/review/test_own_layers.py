"""A model that drafts by its own layers is reviewed with the number of tokens that its engine drafts."""

from dataclasses import replace
from typing import Any

import pytest

from fairlead.fleet.fit import Fit
from fairlead.fleet.policies import Objectives
from fairlead.review import admission, memory_fit
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.review.result import AdmissionReason, Review
from tests.review.table import CONTEXT, deployment
from tests.review.test_hurts_later import FLASH

RECURRENT = {"source": "hf://Qwen/Qwen3.5-35B-A3B"}
PLAIN = {"source": "hf://XiaomiMiMo/MiMo-7B-Base"}
OFFLINE = ReviewContext(catalogue=CONTEXT.catalogue)


def reviewed(model: dict[str, str], kind: str = "vLLM", context: ReviewContext = OFFLINE, **number: int) -> Review:
    """Review a model that drafts by its own layers."""
    speculation = {"method": "mtp"} | number
    engine: dict[str, Any] = {"kind": kind, "context": {"maxTokens": 16384}, "speculation": speculation}
    scaling = {"minReplicas": 1, "maxReplicas": 4, "policy": {"name": "flash"}}
    product = {"product": "NVIDIA-H200"}
    return admission.review(deployment(model=model, accelerator=product, engine=engine, scaling=scaling), context)


def test_the_fit_counts_the_state_of_each_draft_token_whether_the_number_is_written_or_not() -> None:
    """The same command was sized with room for a third more requests if the number was left out."""
    left_out, written = reviewed(RECURRENT), reviewed(RECURRENT, tokens=1)
    assert isinstance(left_out.fit, Fit)
    assert left_out.fit == written.fit


@pytest.mark.parametrize(("kind", "tokens"), [("vLLM", 1), ("SGLang", 3), ("TensorRT-LLM", 1)])
def test_each_engine_drafts_its_own_number(kind: str, tokens: int) -> None:
    review = reviewed(PLAIN, kind)
    assert review.setup is not None
    assert review.engine is not None
    assert memory_fit.drafting(review.setup, review.engine.draft_cost).tokens == tokens


def test_an_objective_that_only_accepted_drafts_meet_is_not_called_out_of_reach() -> None:
    """A step reads the weights in 3 ms and may end with two tokens."""
    for milliseconds, reason in ((2.0, []), (1.0, [AdmissionReason.BELOW_ONE_STEP])):
        policy = replace(FLASH, objectives=Objectives(tpot_p95_seconds=milliseconds / 1000))
        context = replace(OFFLINE, policies={ObjectKey("AutoscalingPolicy", "default", "flash"): policy})
        found = reviewed(PLAIN, context=context).warnings
        assert [one.reason for one in found if one.field == "spec.scaling.policy.name"] == reason
