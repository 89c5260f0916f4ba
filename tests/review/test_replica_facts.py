"""What routers and status say of a replica whose ranks have a batch and a KV cache each."""

from typing import Final

import pytest

from fairlead.cli import review_text
from fairlead.cluster.documents import YamlDocument
from fairlead.fleet.fit import Fit
from fairlead.review import admission, replica_facts
from fairlead.review.context import ReviewContext
from fairlead.review.result import Review
from tests.review.table import CONTEXT, Object, deployment, policy

OFFLINE: Final = ReviewContext(catalogue=CONTEXT.catalogue)


def spread(data: int) -> Object:
    """A model in as many ranks, each on a GPU of its own."""
    return deployment(
        model={"source": "hf://Qwen/Qwen3-30B-A3B"},
        accelerator={"product": "NVIDIA-H100-80GB-HBM3"},
        engine={"batching": {"maxSequences": 64}, "context": {"maxTokens": 16384}},
        parallelism={"tensor": 1, "data": data},
    )


def reviewed(data: int) -> tuple[Review, Fit]:
    """Its review, and the fit of one rank."""
    review = admission.review(spread(data), OFFLINE)
    assert isinstance(review.fit, Fit)
    return review, review.fit


def test_a_replica_runs_and_caches_what_all_its_ranks_do() -> None:
    review, fit = reviewed(8)
    capacity = replica_facts.replica(review)

    assert (capacity.max_sequences, capacity.kv_tokens) == (512, int(fit.kv_tokens.likely * 8))
    assert review.replica_fit is not None
    assert review.replica_fit.sequences == fit.sequences.times(8)


@pytest.mark.parametrize("version", ["0.19.0", "0.20.0", "0.32.0"])
def test_routers_get_the_tokens_that_the_cache_of_any_release_holds(version: str) -> None:
    """Up to 0.20.0 vLLM's log has a quarter of these for a model with linear attention."""
    review = admission.review(
        deployment(
            model={"source": "hf://Qwen/Qwen3.5-27B"},
            accelerator={"product": "NVIDIA-H200"},
            engine={"version": version, "context": {"maxTokens": 32768}},
        ),
        OFFLINE,
    )
    assert isinstance(review.fit, Fit)
    assert replica_facts.replica(review).kv_tokens == int(review.fit.sequences.likely * 32768)


def test_a_replica_of_one_rank_is_that_rank() -> None:
    review, fit = reviewed(1)
    assert review.replica_fit == fit
    assert replica_facts.replica(review).max_sequences == 64


def test_without_prefix_caching_vllm_holds_more_requests_of_a_model_with_linear_attention() -> None:
    """33,000 tokens are 43 pages of attention, and each of three groups has one state or two."""

    def sequences(kind: str, *, cached: bool) -> float:
        engine = {"kind": kind, "context": {"maxTokens": 33000}, "prefixCaching": {"enabled": cached}}
        accelerator = {"product": "NVIDIA-H200"}
        found = admission.review(
            deployment(model={"source": "hf://Qwen/Qwen3.5-27B"}, accelerator=accelerator, engine=engine), OFFLINE
        ).fit
        assert isinstance(found, Fit)
        return found.sequences.likely

    assert sequences("vLLM", cached=False) == pytest.approx(sequences("vLLM", cached=True) * 49 / 46)
    assert sequences("SGLang", cached=False) == sequences("SGLang", cached=True), "which divides its memory otherwise"


@pytest.mark.parametrize(
    ("kind", "words", "sequences"),
    [("SGLang", ["--ep-size", "8", "--attn-dp-size", "8"], 64), ("TensorRT-LLM", ["--enable_attention_dp"], 512)],
)
def test_ranks_inside_tensor_parallelism_have_a_cache_each(kind: str, words: list[str], sequences: int) -> None:
    """SGLang divides the limit of requests among them; in TensorRT-LLM it is each rank's."""
    review = admission.review(
        deployment(
            model={"source": "hf://deepseek-ai/DeepSeek-V3"},
            accelerator={"product": "NVIDIA-H200"},
            engine={"kind": kind, "batching": {"maxSequences": 64}, "context": {"maxTokens": 8192}, "extraArgs": words},
            parallelism={"tensor": 8},
        ),
        OFFLINE,
    )
    assert isinstance(review.fit, Fit)
    capacity = replica_facts.replica(review)
    assert (capacity.max_sequences, capacity.kv_tokens) == (sequences, int(review.fit.kv_tokens.likely * 8))


def test_without_a_limit_or_a_deployment_there_is_no_number_of_requests() -> None:
    assert admission.review(deployment(), OFFLINE).replica_sequences is None
    assert admission.review(deployment(), OFFLINE).replica_concurrency == 256, "vLLM's default on this GPU"
    unknown = admission.review(deployment(accelerator={"product": "NVIDIA-Z1"}), OFFLINE)
    assert unknown.replica_concurrency is None
    other = admission.review(policy(), OFFLINE)
    assert (other.replica_sequences, other.replica_concurrency, other.replica_fit) == (None, None, None)


def test_a_file_is_reported_with_what_its_replicas_hold() -> None:
    review, fit = reviewed(8)
    document = YamlDocument(place="chat.yaml", content={}, problem=None)

    assert f"holds {fit.kv_tokens.likely * 8:,.0f} (between" in review_text.as_text(document, review, colour=False)
    assert review_text.as_json(document, review)["fit"]["kvTokens"]["likely"] == fit.kv_tokens.likely * 8
