"""Setups that would end TensorRT-LLM's start, or serve less than written, by model, GPU and numbers."""

from dataclasses import replace
from typing import Final

from fairlead.engines.reasons import EngineReason as Why
from fairlead.fleet.conversations import Reasoning, Tools
from fairlead.fleet.desired_state import DesiredSpeculation, Parallelism, SpeculationMethod
from fairlead.fleet.quantization import KvFormat, WeightFormat
from tests.engines.setups import (
    A100,
    H100,
    LLAMA,
    MTP,
    NGRAM,
    QWEN_SMALL,
    T4,
    VOLUME,
    WITH_DRAFT,
    setup_of,
    stored,
)
from tests.engines.tensorrt_llm.inputs import (
    ENGINE,
    KV,
    METHOD,
    WEIGHTS,
    RefusedRow,
    adapter,
    setup_with,
)

WRONG: Final[dict[str, RefusedRow]] = {
    "less than one GPU": (
        setup_of(ENGINE, parallelism=Parallelism(tensor=0), gpus=1, on=H100),
        "spec.parallelism.tensor",
        "0",
        Why.OUT_OF_RANGE,
        "write 1",
    ),
    "a batch of nothing": (
        setup_with(max_sequences=0),
        "spec.engine.batching.maxSequences",
        "0",
        Why.OUT_OF_RANGE,
        "write 1 or more",
    ),
    "all that is left": (
        setup_with(memory_utilization=1.0),
        "spec.engine.memoryUtilization",
        "1",
        Why.OUT_OF_RANGE,
        "leave it out for the default of 0.9",
    ),
    "a GPU before Ampere": (
        setup_of(ENGINE, on=T4),
        "spec.accelerator.product",
        "Tesla-T4",
        Why.DTYPE_NEEDS_CAPABILITY,
        "needs compute capability 8.0, and it has 7.5",
    ),
    "FP8 weights on an A100": (
        setup_of(ENGINE, shape=stored(LLAMA, WeightFormat.FP8), on=A100),
        WEIGHTS,
        "fp8",
        Why.FORMAT_NEEDS_CAPABILITY,
        "needs compute capability 8.9",
    ),
    "a format that the checkpoint has not": (
        setup_with(weights=WeightFormat.AWQ),
        WEIGHTS,
        "awq",
        Why.FORMAT_DIFFERS_FROM_CHECKPOINT,
        "is stored unquantized",
    ),
    "another than it has": (
        setup_of(replace(ENGINE, weights=WeightFormat.AWQ), shape=stored(LLAMA, WeightFormat.GPTQ), on=H100),
        WEIGHTS,
        "awq",
        Why.FORMAT_DIFFERS_FROM_CHECKPOINT,
        "is stored as gptq",
    ),
    "a cache in four bits before Blackwell": (
        setup_with(kv=KvFormat.NVFP4),
        KV,
        "nvfp4",
        Why.KV_FORMAT_NEEDS_CAPABILITY,
        "needs compute capability 10.0",
    ),
    "heads that cannot be shared": (
        setup_of(ENGINE, parallelism=Parallelism(tensor=3), on=H100),
        "spec.parallelism.tensor",
        "3",
        Why.HEADS_NOT_DIVISIBLE,
        "write 2",
    ),
    "fewer GPUs than it is spread over": (
        setup_of(ENGINE, parallelism=Parallelism(tensor=4), gpus=2, on=H100),
        "spec.accelerator.count",
        "2",
        Why.GPUS_DIFFER,
        "write 4",
    ),
    "a context beyond the model": (
        setup_with(max_context_tokens=200_000),
        "spec.engine.context.maxTokens",
        "200000",
        Why.CONTEXT_TOO_LONG,
        "write 131072 or less",
    ),
    "prompts in one piece that are longer than a step": (
        setup_of(replace(ENGINE, max_context_tokens=16384), parallelism=Parallelism(pipeline=2), on=H100),
        "spec.engine.batching.maxBatchedTokens",
        "(not written)",
        Why.BATCH_TOO_SMALL,
        "write 16384, or 8192 as spec.engine.context.maxTokens",
    ),
    "and than the step that is written": (
        setup_of(
            replace(ENGINE, max_context_tokens=4096, max_batched_tokens=2048),
            parallelism=Parallelism(pipeline=2),
            on=H100,
        ),
        "spec.engine.batching.maxBatchedTokens",
        "2048",
        Why.BATCH_TOO_SMALL,
        "one may have 4,096 tokens",
    ),
    "a draft that nobody named": (
        setup_with(speculation=DesiredSpeculation(method=SpeculationMethod.EAGLE3, tokens=3)),
        METHOD,
        "eagle3",
        Why.SPECULATION_INCOMPLETE,
        "set spec.engine.speculation.draft.source",
    ),
    "a draft that nobody loads": (
        setup_with(speculation=replace(NGRAM, draft=VOLUME)),
        "spec.engine.speculation.draft",
        "models/llama",
        Why.SPECULATION_NOT_POSSIBLE,
        "remove it",
    ),
    "no draft tokens": (
        setup_with(speculation=replace(NGRAM, tokens=0)),
        "spec.engine.speculation.tokens",
        "0",
        Why.SPECULATION_OUT_OF_RANGE,
        "write 3",
    ),
    "layers that the model lacks": (
        setup_with(speculation=MTP),
        METHOD,
        "mtp",
        Why.SPECULATION_NOT_POSSIBLE,
        "write ngram",
    ),
    "a draft of another vocabulary": (
        setup_of(replace(ENGINE, speculation=WITH_DRAFT), draft=QWEN_SMALL, on=H100),
        "spec.engine.speculation.draft.source",
        "Qwen3-0.6B",
        Why.VOCABULARY_DIFFERS,
        "they must be equal",
    ),
    "an adapter without a rank": (
        setup_with(adapters=adapter(rank=0)),
        "spec.engine.adapters[0].rank",
        "0",
        Why.OUT_OF_RANGE,
        "write the rank",
    ),
    "an adapter under the model's name": (
        setup_with(adapters=adapter("chat")),
        "spec.engine.adapters[0].name",
        "chat",
        Why.ADAPTER_NAME_TAKEN,
        "a name of its own",
    ),
    "two adapters that would be one": (
        setup_with(adapters=(*adapter("eehipxbb"), *adapter("zcavdzji"))),
        "spec.engine.adapters[1].name",
        "zcavdzji",
        Why.ADAPTER_NAME_TAKEN,
        "the same number as eehipxbb",
    ),
    "a family without a parser of tools": (
        setup_with(tools=Tools()),
        "spec.engine.tools.parser",
        "(not written)",
        Why.PARSER_MISSING,
        "by which it ends its start if it has none",
    ),
    "a model that nobody knows has none of reasoning": (
        setup_of(replace(ENGINE, reasoning=Reasoning()), shape=None, on=H100),
        "spec.engine.reasoning.parser",
        "(not written)",
        Why.PARSER_MISSING,
        "which the catalogue does not know",
    ),
}
