"""Wishes that SGLang 0.5.23 cannot fulfil, each with the one refusal it must get; a row is a sentence."""

from dataclasses import replace
from typing import Any, Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason as Why
from fairlead.fleet.accelerators import CpuResources
from fairlead.fleet.conversations import Reasoning, Tools
from fairlead.fleet.desired_state import (
    Adapter,
    DesiredSpeculation,
    EnvFrom,
    ModelSource,
    Parallelism,
    SourceScheme,
    SpeculationMethod,
)
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from tests.engines.setups import (
    A100,
    H100,
    LATENT,
    LLAMA,
    MTP,
    NGRAM,
    QWEN_SMALL,
    T4,
    V100,
    VOLUME,
    WITH_DRAFT,
    gpu,
    setup_of,
    stored,
)
from tests.engines.sglang.wishes import ENGINE, RELEASED, renamed

WEIGHTS: Final = "spec.engine.quantization.weights"
METHOD: Final = "spec.engine.speculation.method"
EXTRA: Final = "spec.engine.extraArgs"
BUCKET: Final = ModelSource(scheme=SourceScheme.S3, location="models/chat")
Row = tuple[EngineSetup, str, str, Why, str]
"""A wish, and of its refusal field, value, reason, and words of because or remedy."""


def wish(**changed: Any) -> EngineSetup:  # noqa: ANN401 - any setting
    """The plain wish, with these settings of the engine."""
    return setup_of(replace(ENGINE, **changed), on=H100)


def extra(*arguments: str, **changed: Any) -> EngineSetup:  # noqa: ANN401 - any setting
    """With extra arguments."""
    return wish(extra_args=arguments, **changed)


def adapter(name: str = "de", source: ModelSource = VOLUME, rank: int = 16) -> tuple[Adapter, ...]:
    """One adapter."""
    return (Adapter(name=name, source=source, rank=rank),)


def on_processor() -> EngineSetup:
    """On a node's processor, which the schema refuses before."""
    plain = wish()
    return replace(plain, wanted=replace(plain.wanted, product="CPU", cpu=CpuResources(cores=4, memory_bytes=1 << 33)))


CANNOT: Final[dict[str, Row]] = {
    "a processor has no build of its kernels": (
        on_processor(),
        "spec.accelerator.product",
        "CPU",
        Why.NOT_ON_CPU,
        "write engine.kind: vLLM",
    ),
    "a colon in a name means an adapter": (
        renamed(wish(), "org:chat"),
        "spec.model.servedName",
        "org:chat",
        Why.NOT_IN_ENGINE,
        "write a name without one",
    ),
    "nor may an adapter's name have one": (
        wish(adapters=adapter("a:b")),
        "spec.engine.adapters",
        "a:b",
        Why.NOT_IN_ENGINE,
        "write a name without one",
    ),
    "a bucket was not tried": (
        setup_of(ENGINE, source=BUCKET, on=H100),
        "spec.model.source",
        "s3://models/chat",
        Why.NOT_YET_IN_ENGINE,
        "mount the model with pvc:// or oci://",
    ),
    "nor for a draft": (
        wish(speculation=replace(WITH_DRAFT, draft=BUCKET)),
        "spec.engine.speculation.draft.source",
        "s3://models/chat",
        Why.NOT_YET_IN_ENGINE,
        "mount the draft",
    ),
    "adapters come from folders and the hub": (
        wish(adapters=adapter(source=BUCKET)),
        "spec.engine.adapters",
        "s3://models/chat",
        Why.NOT_IN_ENGINE,
        "mount the adapter",
    ),
    "scales of FP8 are its own choice": (
        wish(weights=WeightFormat.FP8_PER_BLOCK),
        WEIGHTS,
        "fp8PerBlock",
        Why.NOT_IN_ENGINE,
        "write fp8",
    ),
    "experts in eight bits are not made": (
        wish(weights=WeightFormat.INT8_EXPERTS),
        WEIGHTS,
        "int8Experts",
        Why.NOT_IN_ENGINE,
        "write fp8 or none",
    ),
    "a checkpoint for a loader that nobody chooses yet": (
        setup_of(ENGINE, shape=stored(LLAMA, WeightFormat.BITSANDBYTES), on=H100),
        WEIGHTS,
        "bitsandbytes",
        Why.NOT_YET_IN_ENGINE,
        "take an AWQ or GPTQ checkpoint",
    ),
    "its cache has no float16": (
        wish(kv=KvFormat.FLOAT16),
        "spec.engine.quantization.kvCache",
        "float16",
        Why.NOT_IN_ENGINE,
        "write auto",
    ),
    "speculation cannot be switched off by the batch": (
        wish(speculation=replace(NGRAM, max_concurrency=8)),
        "spec.engine.speculation.maxConcurrency",
        "8",
        Why.NOT_IN_ENGINE,
        "drafts for every batch",
    ),
    "repetitions have no shortest length": (
        wish(speculation=replace(NGRAM, lookup_min=2)),
        "spec.engine.speculation.lookupMin",
        "2",
        Why.NOT_IN_ENGINE,
        "takes no lengths",
    ),
    "nor a longest": (
        wish(speculation=replace(NGRAM, lookup_max=4)),
        "spec.engine.speculation.lookupMax",
        "4",
        Why.NOT_IN_ENGINE,
        "takes no lengths",
    ),
    "no drafts across stages": (
        setup_of(replace(ENGINE, speculation=NGRAM), spread=Parallelism(pipeline=2), on=H100),
        METHOD,
        "ngram",
        Why.SPECULATION_NOT_POSSIBLE,
        "use spec.parallelism.tensor instead",
    ),
    "a draft model beside adapters": (
        wish(speculation=WITH_DRAFT, adapters=adapter()),
        METHOD,
        "draftModel",
        Why.SPECULATION_NOT_POSSIBLE,
        "write ngram, eagle3 or mtp",
    ),
    "tools only on demand": (
        wish(tools=Tools(auto=False)),
        "spec.engine.tools.auto",
        "false",
        Why.NOT_IN_ENGINE,
        "remove auto",
    ),
    "a template in the spec": (
        wish(chat_template="{{ messages[0].content }}"),
        "spec.engine.chatTemplate.inline",
        "{{ messages[0].content }}",
        Why.NOT_IN_ENGINE,
        "put it into a ConfigMap",
    ),
    "sleep": (wish(sleeps=True), "spec.engine.sleep.enabled", "true", Why.NOT_YET_IN_ENGINE, "engine.kind: vLLM"),
}

WRONG: Final[dict[str, Row]] = {
    "half a GPU is none": (
        setup_of(ENGINE, spread=Parallelism(data=0), gpus=1, on=H100),
        "spec.parallelism.data",
        "0",
        Why.OUT_OF_RANGE,
        "write 1",
    ),
    "no requests at once are none": (
        wish(max_sequences=0),
        "spec.engine.batching.maxSequences",
        "0",
        Why.OUT_OF_RANGE,
        "write 1 or more",
    ),
    "nobody may wait": (
        wish(max_queued_requests=0),
        "spec.engine.batching.maxQueuedRequests",
        "0",
        Why.OUT_OF_RANGE,
        "write 1 or more",
    ),
    "all of the memory leaves none to compute in": (
        wish(memory_utilization=1.0),
        "spec.engine.memoryUtilization",
        "1",
        Why.OUT_OF_RANGE,
        "leave it out",
    ),
    "a GPU before Turing": (
        setup_of(ENGINE, on=V100),
        "spec.accelerator.product",
        "Tesla-V100-SXM2-16GB",
        Why.DTYPE_NEEDS_CAPABILITY,
        "take a newer GPU",
    ),
    "bfloat16 would become float16": (
        setup_of(replace(ENGINE, dtype=Dtype.BFLOAT16), on=T4),
        "spec.engine.dtype",
        "bfloat16",
        Why.DTYPE_NEEDS_CAPABILITY,
        "write float16",
    ),
    "FP8 begins with Ampere": (
        setup_of(replace(ENGINE, weights=WeightFormat.FP8), on=T4),
        WEIGHTS,
        "fp8",
        Why.FORMAT_NEEDS_CAPABILITY,
        "needs compute capability 8.0 in SGLang, and Tesla-T4 has 7.5",
    ),
    "a checkpoint of another format": (
        setup_of(replace(ENGINE, weights=WeightFormat.AWQ), shape=stored(LLAMA, WeightFormat.GPTQ), on=H100),
        WEIGHTS,
        "awq",
        Why.FORMAT_DIFFERS_FROM_CHECKPOINT,
        "is stored as gptq",
    ),
    "AWQ is not made while loading": (
        wish(weights=WeightFormat.AWQ),
        WEIGHTS,
        "awq",
        Why.FORMAT_DIFFERS_FROM_CHECKPOINT,
        "take a checkpoint stored as awq, or write fp8",
    ),
    "MXFP4 is made of experts only": (
        wish(weights=WeightFormat.MXFP4),
        WEIGHTS,
        "mxfp4",
        Why.FORMAT_NEEDS_EXPERTS,
        "write fp8",
    ),
    "a cache in four bits before Blackwell": (
        wish(kv=KvFormat.NVFP4),
        "spec.engine.quantization.kvCache",
        "nvfp4",
        Why.KV_FORMAT_NEEDS_CAPABILITY,
        "write fp8 or auto",
    ),
    "heads are shared out evenly": (
        setup_of(ENGINE, spread=Parallelism(tensor=3), on=H100),
        "spec.parallelism.tensor",
        "3",
        Why.HEADS_NOT_DIVISIBLE,
        "write 2",
    ),
    "and so are KV heads": (
        setup_of(ENGINE, shape=replace(LLAMA, heads=36, kv_heads=6), spread=Parallelism(tensor=9), on=H100),
        "spec.parallelism.tensor",
        "9",
        Why.HEADS_NOT_DIVISIBLE,
        "write 6",
    ),
    "a replica has as many GPUs as it is spread over": (
        setup_of(ENGINE, spread=Parallelism(tensor=4), gpus=2, on=H100),
        "spec.accelerator.count",
        "2",
        Why.GPUS_DIFFER,
        "write 4, or less parallelism",
    ),
    "a context beyond the model": (
        wish(max_context_tokens=200_000),
        "spec.engine.context.maxTokens",
        "200000",
        Why.CONTEXT_TOO_LONG,
        "write 131072 or less",
    ),
    "a draft that nobody named": (
        wish(speculation=DesiredSpeculation(method=SpeculationMethod.EAGLE3, tokens=3)),
        METHOD,
        "eagle3",
        Why.SPECULATION_INCOMPLETE,
        "set spec.engine.speculation.draft.source",
    ),
    "a draft that nobody loads": (
        wish(speculation=replace(NGRAM, draft=VOLUME)),
        "spec.engine.speculation.draft",
        "models/llama",
        Why.SPECULATION_NOT_POSSIBLE,
        "remove it",
    ),
    "no draft tokens": (
        wish(speculation=replace(NGRAM, tokens=0)),
        "spec.engine.speculation.tokens",
        "0",
        Why.SPECULATION_OUT_OF_RANGE,
        "write 3",
    ),
    "layers that the model lacks": (wish(speculation=MTP), METHOD, "mtp", Why.SPECULATION_NOT_POSSIBLE, "write ngram"),
    "a draft of another vocabulary": (
        setup_of(replace(ENGINE, speculation=WITH_DRAFT), draft=QWEN_SMALL, on=H100),
        "spec.engine.speculation.draft.source",
        "Qwen3-0.6B",
        Why.VOCABULARY_DIFFERS,
        "they must be equal",
    ),
    "an adapter without a rank": (
        wish(adapters=adapter(rank=0)),
        "spec.engine.adapters[0].rank",
        "0",
        Why.OUT_OF_RANGE,
        "write the rank",
    ),
    "an adapter under the model's name": (
        wish(adapters=adapter("chat")),
        "spec.engine.adapters[0].name",
        "chat",
        Why.ADAPTER_NAME_TAKEN,
        "a name of its own",
    ),
    "vLLM's name of a parser": (
        setup_of(replace(RELEASED, tools=Tools(parser="llama3_json")), on=H100),
        "spec.engine.tools.parser",
        "llama3_json",
        Why.PARSER_UNKNOWN,
        "did you mean llama3?",
    ),
    "a name that is like no parser's": (
        setup_of(replace(RELEASED, reasoning=Reasoning(parser="zzzz")), on=H100),
        "spec.engine.reasoning.parser",
        "zzzz",
        Why.PARSER_UNKNOWN,
        "write one of apertus2509, auto, beam",
    ),
    "a family without a parser of tools": (
        setup_of(replace(ENGINE, tools=Tools()), shape=replace(LLAMA, family="granite"), on=H100),
        "spec.engine.tools.parser",
        "(not written)",
        Why.PARSER_MISSING,
        "or auto, by which it guesses from the chat template",
    ),
    "a model that nobody knows has none of reasoning": (
        setup_of(replace(ENGINE, reasoning=Reasoning()), shape=None, on=H100),
        "spec.engine.reasoning.parser",
        "(not written)",
        Why.PARSER_MISSING,
        "which the catalogue does not know",
    ),
}

EXTRAS: Final[dict[str, Row]] = {
    "a flag that a field owns": (
        extra("--context-length=4096"),
        f"{EXTRA}[0]",
        "--context-length",
        Why.ARGUMENT_OWNED,
        "set spec.engine.context.maxTokens instead",
    ),
    "its beginning is completed by the parser": (
        extra("--mem-frac", "0.8"),
        f"{EXTRA}[0]",
        "--mem-frac",
        Why.ARGUMENT_OWNED,
        "set spec.engine.memoryUtilization instead",
    ),
    "another port": (extra("--port", "1"), f"{EXTRA}[0]", "--port", Why.ARGUMENT_RESERVED, "on port 30000"),
    "a flag that it does not know": (
        extra("--enable-prefix-caching", image=RELEASED.image),
        f"{EXTRA}[0]",
        "--enable-prefix-caching",
        Why.ARGUMENT_UNKNOWN,
        "did you mean --",
    ),
    "underscores, which its parser does not take": (
        extra("--random_seed=7", image=RELEASED.image),
        f"{EXTRA}[0]",
        "--random_seed",
        Why.ARGUMENT_UNKNOWN,
        "did you mean --random-seed?",
    ),
    "a flag that is like none": (
        extra("-zzzz", image=RELEASED.image),
        f"{EXTRA}[0]",
        "-zzzz",
        Why.ARGUMENT_UNKNOWN,
        "remove it",
    ),
    "experts over other GPUs than there are": (
        setup_of(replace(ENGINE, extra_args=("--ep", "3")), shape=LATENT, spread=Parallelism(tensor=2), on=H100),
        EXTRA,
        "--ep-size 3",
        Why.ARGUMENT_CONFLICTS,
        "write 2, or remove it",
    ),
    "attention ranks that do not divide the GPUs": (
        setup_of(replace(ENGINE, extra_args=("--attn-dp-size=3",)), spread=Parallelism(tensor=4), on=H100),
        EXTRA,
        "--attn-dp-size 3",
        Why.ARGUMENT_CONFLICTS,
        "it must divide spec.parallelism.tensor, 4",
    ),
    "attention ranks and copies": (
        setup_of(replace(ENGINE, extra_args=("--attn-dp-size=2",)), spread=Parallelism(tensor=2, data=2), on=H100),
        EXTRA,
        "--attn-dp-size 2",
        Why.ARGUMENT_CONFLICTS,
        "both together are refused",
    ),
    "attention ranks and ngram": (
        setup_of(
            replace(ENGINE, extra_args=("--attn-dp-size=2",), speculation=NGRAM), spread=Parallelism(tensor=2), on=H100
        ),
        EXTRA,
        "--attn-dp-size 2",
        Why.ARGUMENT_CONFLICTS,
        "remove it, or write eagle3 or mtp",
    ),
    "a pool that a single request may not fit into": (
        extra("--max-total-tokens", "4096", max_context_tokens=8192),
        EXTRA,
        "--max-total-tokens 4096",
        Why.ARGUMENT_CONFLICTS,
        "stops all behind it for good",
    ),
    "prompts in pieces that are no whole pages": (
        extra("--page-size=64", max_batched_tokens=2000),
        "spec.engine.batching.maxBatchedTokens",
        "2000",
        Why.BATCH_TOO_SMALL,
        "write 1984",
    ),
    "priorities upside down": (
        extra("--enable-priority-scheduling"),
        EXTRA,
        "--enable-priority-scheduling",
        Why.ARGUMENT_CONFLICTS,
        "add --schedule-low-priority-values-first",
    ),
    "a variable that a field owns": (
        wish(extra_env=(("HF_TOKEN", "secret"),)),
        "spec.engine.env",
        "HF_TOKEN",
        Why.VARIABLE_OWNED,
        "set spec.model.tokenSecret",
    ),
    "a variable that ends drains": (
        wish(env_from=(EnvFrom(name="SGLANG_FORCE_SHUTDOWN", object_name="o", key="k"),)),
        "spec.engine.env",
        "SGLANG_FORCE_SHUTDOWN",
        Why.VARIABLE_RESERVED,
        "replicas drain before they end",
    ),
}

ALLOWED: Final[dict[str, EngineSetup]] = {
    "a plain wish": wish(),
    "nothing known of model and GPU": setup_of(ENGINE, shape=None, on=None),
    "eight bits of a plain checkpoint": wish(weights=WeightFormat.FP8),
    "a format that the checkpoint has": setup_of(
        replace(ENGINE, weights=WeightFormat.GPTQ), shape=stored(LLAMA, WeightFormat.GPTQ), on=A100
    ),
    "a format of a checkpoint that nobody knows": setup_of(
        replace(ENGINE, weights=WeightFormat.AWQ), shape=None, on=None
    ),
    "four bits of experts": setup_of(replace(ENGINE, weights=WeightFormat.MXFP4), shape=LATENT, on=H100),
    "latent attention over any number that divides its heads": setup_of(
        ENGINE, shape=replace(LATENT, heads=36, kv_heads=5), spread=Parallelism(tensor=4), on=H100
    ),
    "a cache in four bits on Blackwell": setup_of(
        replace(ENGINE, kv=KvFormat.NVFP4), on=gpu("RTX-6000", H100.capability._replace(major=12), 96)
    ),
    "float32 on a T4": setup_of(replace(ENGINE, dtype=Dtype.FLOAT32), on=T4),
    "the model's own layers": setup_of(replace(ENGINE, speculation=MTP), shape=LATENT, on=H100),
    "a draft for the model's own layers": wish(speculation=replace(MTP, draft=VOLUME)),
    "a draft whose vocabulary nobody knows": wish(speculation=WITH_DRAFT),
    "a draft of the same vocabulary": setup_of(replace(ENGINE, speculation=WITH_DRAFT), draft=LLAMA, on=H100),
    "ngram beside adapters": wish(speculation=NGRAM, adapters=adapter()),
    "lookups of speculation that is off": wish(speculation=DesiredSpeculation(lookup_min=3)),
    "priorities in the routers' order": extra(
        "--enable-priority-scheduling", "--schedule-low-priority-values-first", "--default-priority-value", "9"
    ),
    "experts over all GPUs": setup_of(
        replace(ENGINE, extra_args=("--ep-size", "4", "--attn-dp-size", "4")),
        shape=LATENT,
        spread=Parallelism(tensor=4),
        on=H100,
    ),
    "experts over one": extra("--ep=1", "--attn-dp-size=1", "--page-size=x"),
    "a pool above the context": extra("--max-total-tokens=200000"),
    "a pool for nobody knows what": setup_of(
        replace(ENGINE, extra_args=("--max-total-tokens=64",)), shape=None, on=H100
    ),
    "prompts in whole pages": extra("--page-size", "16", max_batched_tokens=2048),
    "a longer context, on demand": wish(
        max_context_tokens=200_000, extra_env=(("SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN", "1"),)
    ),
    "flags of its own": extra(
        "--enable-mixed-chunk", "--random-seed=7", "--schedule-policy", "lpm", image=RELEASED.image
    ),
    "a parser that only an image of one's own has": wish(tools=Tools(parser="our-own")),
    "a parser that guesses": setup_of(replace(RELEASED, tools=Tools(parser="auto")), shape=None, on=H100),
    "a template by its path": wish(chat_template="/templates/chat.jinja"),
    "a variable of its own": wish(extra_env=(("SGLANG_LOG_MS", "1"),)),
}
