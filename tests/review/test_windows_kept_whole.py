"""Layers with a window take the cache of the whole context once vLLM's manager of several kinds is switched off."""

import pytest

from fairlead.fleet.fit import Fit
from fairlead.review import admission
from fairlead.review.result import AdmissionReason, Review
from tests.review.table import CONTEXT, deployment

OFF = "--disable-hybrid-kv-cache-manager"


def reviewed(*words: str, model: str = "google/gemma-3-27b-it") -> Review:
    """Review a model with a context of 131,072 tokens."""
    engine = {"context": {"maxTokens": 131_072}, "extraArgs": list(words)}
    card = {"product": "NVIDIA-H100-80GB-HBM3"}
    spec = {"model": {"source": f"hf://{model}"}, "accelerator": card, "engine": engine}
    return admission.review(deployment(**spec), CONTEXT)


@pytest.mark.parametrize("flag", [OFF, "--disable_hybrid_kv_cache_manager", "--disable-hyb"])
def test_a_context_that_fits_only_by_its_windows_is_refused_without_them(flag: str) -> None:
    """52 of 62 layers keep 1,024 tokens; without the manager all keep 131,072, and vLLM ends at its start."""
    assert reviewed().refusals == ()
    assert [one.reason for one in reviewed(flag).refusals] == [AdmissionReason.DOES_NOT_FIT]


def test_a_model_without_windows_stays_the_same() -> None:
    plain, off = (reviewed(*words, model="meta-llama/Llama-3.1-8B-Instruct") for words in ((), (OFF,)))
    assert isinstance(plain.fit, Fit)
    assert plain.fit == off.fit
