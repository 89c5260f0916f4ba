"""Setups that TensorRT-LLM cannot run, each with the one refusal it must get; a row is a sentence."""

from dataclasses import replace
from typing import Final

from fairlead.engines.reasons import EngineReason as Why
from fairlead.fleet.conversations import Reasoning, Tools
from fairlead.fleet.desired_state import EngineKind, Parallelism
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from tests.engines.setups import (
    H100,
    HUB,
    LLAMA,
    MTP,
    NGRAM,
    SLOTS,
    VOLUME,
    WITH_DRAFT,
    setup_of,
    stored,
)
from tests.engines.tensorrt_llm.inputs import (
    BUCKET,
    ENGINE,
    KV,
    METHOD,
    WEIGHTS,
    RefusedRow,
    adapter,
    on_processor,
    setup_with,
)

EMULATED: Final = EngineKind.SIMULATED_TENSORRT_LLM
"""It has exactly the options and parsers of the tables."""
HOST_MEMORY: Final = "spec.engine.prefixCaching.hostMemory"
CANNOT: Final[dict[str, RefusedRow]] = {
    "main memory for blocks that are not used again": (
        setup_with(host_memory_bytes=64 << 30, prefix_caching=False),
        HOST_MEMORY,
        "64 GiB",
        Why.ARGUMENT_CONFLICTS,
        "write enabled: true",
    ),
    "main memory of hardly a prompt": (
        setup_with(host_memory_bytes=1 << 29),
        HOST_MEMORY,
        "0.5 GiB",
        Why.OUT_OF_RANGE,
        "write 1Gi or more",
    ),
    "a parser of tools that the emulator lacks": (
        setup_with(kind=EMULATED, tools=Tools(parser="qwen3_code")),
        "spec.engine.tools.parser",
        "qwen3_code",
        Why.PARSER_UNKNOWN,
        "did you mean qwen3_coder?",
    ),
    "and one of reasoning that it lacks": (
        setup_with(kind=EMULATED, reasoning=Reasoning(parser="zzzz")),
        "spec.engine.reasoning.parser",
        "zzzz",
        Why.PARSER_UNKNOWN,
        "write one of auto",
    ),
    "an option that the emulator lacks": (
        setup_with(kind=EMULATED, extra_args=("--log-level", "debug")),
        "spec.engine.extraArgs[0]",
        "--log-level",
        Why.ARGUMENT_UNKNOWN,
        "did you mean --log_level?",
    ),
    "and one that is like none": (
        setup_with(kind=EMULATED, extra_args=("--log_level=info", "-zzzz")),
        "spec.engine.extraArgs[1]",
        "-zzzz",
        Why.ARGUMENT_UNKNOWN,
        "remove it",
    ),
    "a release whose metrics say nothing of a queue": (
        setup_with(version="1.2.1"),
        "spec.engine.version",
        "1.2.1",
        Why.NOT_IN_ENGINE,
        "write 1.3 or later",
    ),
    "a processor": (on_processor(), "spec.accelerator.product", "CPU", Why.NOT_ON_CPU, "write engine.kind: vLLM"),
    "a bucket": (
        setup_of(ENGINE, source=BUCKET, on=H100),
        "spec.model.source",
        "s3://models/chat",
        Why.NOT_IN_ENGINE,
        "mount the model with pvc:// or oci://",
    ),
    "nor for a draft": (
        setup_with(speculation=replace(WITH_DRAFT, draft=BUCKET)),
        "spec.engine.speculation.draft.source",
        "s3://models/chat",
        Why.NOT_IN_ENGINE,
        "mount the draft",
    ),
    "an adapter that requests would have to download": (
        setup_with(adapters=adapter(source=HUB)),
        "spec.engine.adapters",
        "meta-llama/Llama-3.1-8B-Instruct",
        Why.NOT_IN_ENGINE,
        "put the adapter on a volume",
    ),
    "adapters that come while it runs": (
        setup_with(lora=SLOTS),
        "spec.engine.lora",
        "8 slots",
        Why.NOT_IN_ENGINE,
        "list adapters in spec.engine.adapters",
    ),
    "32 bits": (
        setup_with(dtype=Dtype.FLOAT32),
        "spec.engine.dtype",
        "float32",
        Why.NOT_YET_IN_ENGINE,
        "write bfloat16 or auto",
    ),
    "weights quantized while loading": (
        setup_with(weights=WeightFormat.FP8_PER_BLOCK),
        WEIGHTS,
        "fp8PerBlock",
        Why.NOT_IN_ENGINE,
        "take a checkpoint stored as fp8",
    ),
    "a checkpoint in integers of another tool": (
        setup_of(ENGINE, shape=stored(LLAMA, WeightFormat.COMPRESSED_TENSORS_INT4), on=H100),
        WEIGHTS,
        "compressedTensorsInt4",
        Why.NOT_IN_ENGINE,
        "has no such format",
    ),
    "a cache in float16": (setup_with(kv=KvFormat.FLOAT16), KV, "float16", Why.NOT_IN_ENGINE, "write auto"),
    "longer CUDA graphs": (
        setup_with(cuda_graph_tokens=1024),
        "spec.engine.batching.cudaGraphTokens",
        "1024",
        Why.NOT_YET_IN_ENGINE,
        "write engine.kind: vLLM",
    ),
    "a limit of waiting requests": (
        setup_with(max_queued_requests=8),
        "spec.engine.batching.maxQueuedRequests",
        "8",
        Why.NOT_IN_ENGINE,
        "does not limit",
    ),
    "copies in one pod": (
        setup_of(ENGINE, parallelism=Parallelism(data=2), on=H100),
        "spec.parallelism.data",
        "2",
        Why.NOT_IN_ENGINE,
        "as many times the replicas",
    ),
    "the shortest repetition": (
        setup_with(speculation=replace(NGRAM, lookup_min=2)),
        "spec.engine.speculation.lookupMin",
        "2",
        Why.NOT_IN_ENGINE,
        "write lookupMax",
    ),
    "a length that nothing searches for": (
        setup_with(speculation=replace(WITH_DRAFT, lookup_max=4)),
        "spec.engine.speculation.lookupMax",
        "4",
        Why.SPECULATION_NOT_POSSIBLE,
        "only ngram searches",
    ),
    "a draft of the model's own layers": (
        setup_with(speculation=replace(MTP, draft=VOLUME)),
        "spec.engine.speculation.draft",
        "models/llama",
        Why.NOT_IN_ENGINE,
        "write eagle3 or draftModel",
    ),
    "drafts across stages": (
        setup_of(
            replace(ENGINE, speculation=NGRAM, max_context_tokens=4096), parallelism=Parallelism(pipeline=2), on=H100
        ),
        METHOD,
        "ngram",
        Why.SPECULATION_NOT_POSSIBLE,
        "use spec.parallelism.tensor instead",
    ),
    "drafts beside adapters": (
        setup_with(speculation=NGRAM, adapters=adapter()),
        METHOD,
        "ngram",
        Why.SPECULATION_NOT_POSSIBLE,
        "write off",
    ),
    "tools only on demand": (
        setup_with(tools=Tools(parser="qwen3", auto=False)),
        "spec.engine.tools.auto",
        "false",
        Why.NOT_IN_ENGINE,
        "remove auto",
    ),
    "a template in the spec": (
        setup_with(chat_template="{{ messages }}"),
        "spec.engine.chatTemplate.inline",
        "{{ messages }}",
        Why.NOT_YET_IN_ENGINE,
        "put it into a ConfigMap",
    ),
    "sleep": (setup_with(sleeps=True), "spec.engine.sleep.enabled", "true", Why.NOT_YET_IN_ENGINE, "engine.kind: vLLM"),
}
