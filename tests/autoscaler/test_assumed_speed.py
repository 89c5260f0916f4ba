"""The speed that the data sheet gives a replica, before any was measured."""

from fairlead.autoscaler import scaling_subjects
from fairlead.review.context import ReviewContext
from fairlead.scaling.facts import ReplicaSpeed
from tests.review.table import CONTEXT, deployment

OFFLINE = ReviewContext(catalogue=CONTEXT.catalogue)


def assumed(model: str, data: int) -> ReplicaSpeed:
    """The speed of a replica of as many ranks, each on a GPU of its own."""
    found = scaling_subjects.of(OFFLINE)(
        deployment(
            model={"source": f"hf://{model}"},
            accelerator={"product": "NVIDIA-H200"},
            engine={"batching": {"maxSequences": 64}, "context": {"maxTokens": 16384}},
            parallelism={"tensor": 1, "data": data},
            scaling={"maxReplicas": 4},
        )
    )
    assert found is not None
    assert found.speed is not None
    return found.speed


def test_ranks_work_side_by_side() -> None:
    """One request more, or one prompt token, is work for one of eight ranks."""
    one, eight = (assumed("Qwen/Qwen3-30B-A3B", data) for data in (1, 8))
    assert (one.max_sequences, eight.max_sequences) == (64, 512)
    assert (eight.kv_tokens or 0) > 8 * (one.kv_tokens or 0), "the experts are held once"
    assert eight.seconds_per_prompt_token == one.seconds_per_prompt_token / 8
    assert eight.seconds_per_sequence < one.seconds_per_sequence / 4


def test_a_step_of_a_mixture_of_experts_is_no_shorter_than_its_weights_take_to_be_read() -> None:
    """Attention and shared parts of DeepSeek V3, some 25 GB, are read by each rank: 5 ms at 4.8 TB a second."""
    assert assumed("deepseek-ai/DeepSeek-V3", 8).step_seconds > 0.005
