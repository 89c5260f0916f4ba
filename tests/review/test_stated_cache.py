"""A KV cache whose size extra arguments state is what a deployment has to fit into."""

from fairlead.review import admission
from fairlead.review.result import AdmissionReason
from tests.review.table import CONTEXT, deployment

MODEL = {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"}


def refused(*words: str, tokens: int = 32768) -> list[tuple[str, str]]:
    """Return reason and cause of each refusal."""
    engine = {"context": {"maxTokens": tokens}, "extraArgs": list(words)}
    card = {"product": "NVIDIA-H100-80GB-HBM3"}
    found = admission.review(deployment(model=MODEL, accelerator=card, engine=engine), CONTEXT)
    return [(one.reason, one.because) for one in found.refusals if one.reason == AdmissionReason.DOES_NOT_FIT]


def test_a_context_that_a_stated_cache_cannot_hold_is_refused_before_vllm_ends_over_it() -> None:
    """vLLM: "To serve at least one request with the model's max seq len (32768), (4.0 GiB KV cache is needed, ...)"."""
    because = (
        "the KV cache, 2.0 GiB by extraArgs, holds at most 0.50 requests of 32768 tokens; the weights take the most"
    )
    assert refused("--kv-cache-memory-bytes=2G") == [(AdmissionReason.DOES_NOT_FIT, because)]
    assert refused("--num-gpu-blocks-override=1024") == [(AdmissionReason.DOES_NOT_FIT, because)]
    assert refused("--num-gpu-blocks-override=4096") == []
    assert (
        refused("--kv-cache-memory-bytes=2G", tokens=8192) == refused("--kv-cache-memory-bytes=6G") == refused() == []
    )
