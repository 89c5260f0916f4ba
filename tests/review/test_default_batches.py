"""Arguments by which vLLM takes larger steps than by default take memory of the KV cache."""

from fairlead.fleet.fit import Fit
from fairlead.review import admission
from fairlead.review.result import AdmissionReason, Review
from tests.review.table import CONTEXT, deployment

WHOLE = "--no-enable-chunked-prefill"


def reviewed(*words: str, **batching: int) -> Review:
    """Review Llama-3.1-8B with a context of 131,072 tokens."""
    engine = {"context": {"maxTokens": 131_072}, "extraArgs": list(words), "batching": batching}
    card = {"product": "NVIDIA-H100-80GB-HBM3"}
    model = {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"}
    return admission.review(deployment(model=model, accelerator=card, engine=engine), CONTEXT)


def activations(review: Review) -> float:
    """Return GiB of activations."""
    assert isinstance(review.fit, Fit)
    return round(review.fit.memory.activations.likely / 2**30, 1)


def test_a_step_of_twice_the_default_length_takes_its_memory() -> None:
    """vLLM: `--performance-mode throughput` doubles `max_num_batched_tokens` and `max_num_seqs`."""
    plain, twice = reviewed(), reviewed("--performance-mode=throughput")
    by_hand = reviewed(maxSequences=2048, maxBatchedTokens=16_384)
    assert activations(plain) < activations(twice) == activations(by_hand)
    assert isinstance(twice.fit, Fit)
    assert isinstance(by_hand.fit, Fit)
    assert twice.fit.kv_tokens == by_hand.fit.kv_tokens


def test_a_step_that_holds_the_longest_prompt_takes_its_memory() -> None:
    """131,072 tokens a step, of which the fit counted 8,192."""
    plain, whole = reviewed(), reviewed(WHOLE)
    assert activations(whole) > activations(plain) + 8
    assert activations(whole) == activations(reviewed(maxBatchedTokens=131_072))


def test_a_context_that_fits_only_by_cut_prompts_is_refused_without_them() -> None:
    model = {"source": "hf://Qwen/Qwen3-32B-FP8"}
    card = {"product": "NVIDIA-A100-SXM4-80GB"}

    def reasons(*words: str) -> list[str]:
        engine = {"context": {"maxTokens": 40_960}, "extraArgs": list(words), "memoryUtilization": "0.54"}
        return [
            str(one.reason)
            for one in admission.review(deployment(model=model, accelerator=card, engine=engine), CONTEXT).refusals
        ]

    assert (reasons(), reasons(WHOLE)) == ([], [AdmissionReason.DOES_NOT_FIT])
