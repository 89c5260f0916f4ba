"""Extra arguments and variables that SGLang 0.5.23 must not get, and setups that it may."""

from dataclasses import replace
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason as Why
from fairlead.fleet.conversations import Tools
from fairlead.fleet.desired_state import (
    DesiredSpeculation,
    EnvFrom,
    Parallelism,
)
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from tests.engines.setups import (
    A100,
    H100,
    LATENT,
    LLAMA,
    MTP,
    NGRAM,
    T4,
    VOLUME,
    WIDER_EXPERTS,
    WITH_DRAFT,
    gpu,
    in_blocks,
    setup_of,
    stored,
)
from tests.engines.sglang.inputs import (
    ENGINE,
    EXTRA,
    RELEASED,
    Row,
    adapter,
    extra,
    setup_with,
)

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
    "a beginning of two flags, by which it passed as neither": (
        extra("--random-seed=7", "--enable-dp-att", image=RELEASED.image),
        f"{EXTRA}[1]",
        "--enable-dp-att",
        Why.ARGUMENT_MALFORMED,
        "write one of them in full: --enable-dp-attention, --enable-dp-attention-local-control-broadcast",
    ),
    "a beginning of two flags with a value": (
        extra("--attn=2", image=RELEASED.image),
        f"{EXTRA}[0]",
        "--attn",
        Why.ARGUMENT_MALFORMED,
        'short for 2 flags of SGLang 0.5.23, which would fail to start with "ambiguous option"',
    ),
    "two dashes and no flag": (
        extra("--", image=RELEASED.image),
        f"{EXTRA}[0]",
        "--",
        Why.ARGUMENT_MALFORMED,
        "write each flag and each value as its own element",
    ),
    "a flag that is like none": (
        extra("-zzzz", image=RELEASED.image),
        f"{EXTRA}[0]",
        "-zzzz",
        Why.ARGUMENT_UNKNOWN,
        "remove it",
    ),
    "experts over other GPUs than there are": (
        setup_of(replace(ENGINE, extra_args=("--ep", "3")), shape=LATENT, parallelism=Parallelism(tensor=2), on=H100),
        EXTRA,
        "--ep-size 3",
        Why.ARGUMENT_CONFLICTS,
        "write 2, or remove it",
    ),
    "attention ranks that do not divide the GPUs": (
        setup_of(replace(ENGINE, extra_args=("--attn-dp-size=3",)), parallelism=Parallelism(tensor=4), on=H100),
        EXTRA,
        "--attn-dp-size 3",
        Why.ARGUMENT_CONFLICTS,
        "it must divide spec.parallelism.tensor, 4",
    ),
    "attention ranks and copies": (
        setup_of(replace(ENGINE, extra_args=("--attn-dp-size=2",)), parallelism=Parallelism(tensor=2, data=2), on=H100),
        EXTRA,
        "--attn-dp-size 2",
        Why.ARGUMENT_CONFLICTS,
        "both together are refused",
    ),
    "attention ranks by the older flag, which leaves GPUs idle": (
        setup_of(
            replace(ENGINE, extra_args=("--enable-dp-attention",)), parallelism=Parallelism(tensor=2, data=2), on=H100
        ),
        EXTRA,
        "--enable-dp-attention",
        Why.ARGUMENT_CONFLICTS,
        "write --attn-dp-size 2 instead, and 1 as spec.parallelism.data",
    ),
    "the older flag alone, which does nothing": (
        setup_of(replace(ENGINE, extra_args=("--enable-dp-attention",)), parallelism=Parallelism(tensor=2), on=H100),
        EXTRA,
        "--enable-dp-attention",
        Why.ARGUMENT_CONFLICTS,
        "write --attn-dp-size N instead",
    ),
    "attention ranks and ngram": (
        setup_of(
            replace(ENGINE, extra_args=("--attn-dp-size=2",), speculation=NGRAM),
            parallelism=Parallelism(tensor=2),
            on=H100,
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
        "blocks all requests behind it for good",
    ),
    "the same pool in thousands": (
        extra("--max-total-tokens", "4.096k", max_context_tokens=8192),
        EXTRA,
        "--max-total-tokens 4096",
        Why.ARGUMENT_CONFLICTS,
        "blocks all requests behind it for good",
    ),
    "the same pool, abbreviated": (
        extra("--max-total-t=4Ki", max_context_tokens=8192),
        EXTRA,
        "--max-total-tokens 4096",
        Why.ARGUMENT_CONFLICTS,
        "blocks all requests behind it for good",
    ),
    "fewer attention ranks than one, abbreviated": (
        setup_of(replace(ENGINE, extra_args=("--attn-dp", "-1")), parallelism=Parallelism(tensor=4), on=H100),
        EXTRA,
        "--attn-dp-size -1",
        Why.ARGUMENT_CONFLICTS,
        "it must divide spec.parallelism.tensor, 4",
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
    "priorities upside down, abbreviated": (
        extra("--enable-priority-s"),
        EXTRA,
        "--enable-priority-scheduling",
        Why.ARGUMENT_CONFLICTS,
        "add --schedule-low-priority-values-first",
    ),
    "a variable that a field owns": (
        setup_with(extra_env=(("HF_TOKEN", "secret"),)),
        "spec.engine.env",
        "HF_TOKEN",
        Why.VARIABLE_OWNED,
        "set spec.model.tokenSecret",
    ),
    "headers that a client might write": (
        setup_with(extra_env=(("SGLANG_ENABLE_REQUEST_HEADER_OVERRIDES", "1"),)),
        "spec.engine.env",
        "SGLANG_ENABLE_REQUEST_HEADER_OVERRIDES",
        Why.VARIABLE_OWNED,
        "add --enable-priority-scheduling to spec.engine.extraArgs",
    ),
    "a variable that ends drains": (
        setup_with(env_from=(EnvFrom(name="SGLANG_FORCE_SHUTDOWN", object_name="o", key="k"),)),
        "spec.engine.env",
        "SGLANG_FORCE_SHUTDOWN",
        Why.VARIABLE_RESERVED,
        "replicas drain before they end",
    ),
}

ALLOWED: Final[dict[str, EngineSetup]] = {
    "a plain setup": setup_with(),
    "nothing known of model and GPU": setup_of(ENGINE, shape=None, on=None),
    "eight bits of a plain checkpoint": setup_with(weights=WeightFormat.FP8),
    "a format that the checkpoint has": setup_of(
        replace(ENGINE, weights=WeightFormat.GPTQ), shape=stored(LLAMA, WeightFormat.GPTQ), on=A100
    ),
    "a format of a checkpoint that nobody knows": setup_of(
        replace(ENGINE, weights=WeightFormat.AWQ), shape=None, on=None
    ),
    "four bits of experts": setup_of(replace(ENGINE, weights=WeightFormat.MXFP4), shape=LATENT, on=H100),
    "latent attention over any number that divides its heads": setup_of(
        ENGINE, shape=replace(LATENT, heads=36, kv_heads=5), parallelism=Parallelism(tensor=4), on=H100
    ),
    "whole experts in FP8 blocks on each GPU": setup_of(
        replace(ENGINE, extra_args=("--ep-size", "8")),
        shape=in_blocks(WIDER_EXPERTS),
        parallelism=Parallelism(tensor=8),
        on=H100,
    ),
    "experts that another back end divides": setup_of(
        replace(ENGINE, extra_args=("--moe-a2a-backend=deepep",)),
        shape=in_blocks(WIDER_EXPERTS),
        parallelism=Parallelism(tensor=8),
        on=H100,
    ),
    "a cache in four bits on Blackwell": setup_of(
        replace(ENGINE, kv=KvFormat.NVFP4), on=gpu("RTX-6000", H100.capability._replace(major=12), 96)
    ),
    "float32 on a T4": setup_of(replace(ENGINE, dtype=Dtype.FLOAT32), on=T4),
    "the model's own layers": setup_of(replace(ENGINE, speculation=MTP), shape=LATENT, on=H100),
    "a draft for the model's own layers": setup_with(speculation=replace(MTP, draft=VOLUME)),
    "a draft whose vocabulary nobody knows": setup_with(speculation=WITH_DRAFT),
    "a draft of the same vocabulary": setup_of(replace(ENGINE, speculation=WITH_DRAFT), draft=LLAMA, on=H100),
    "ngram beside adapters": setup_with(speculation=NGRAM, adapters=adapter()),
    "lookups of speculation that is off": setup_with(speculation=DesiredSpeculation(lookup_min=3)),
    "priorities in the routers' order": extra(
        "--enable-priority-scheduling", "--schedule-low-priority-values-first", "--default-priority-value", "9"
    ),
    "the same, abbreviated": extra("--enable-priority-scheduling", "--schedule-low", "--default-priority", "9"),
    "experts over all GPUs": setup_of(
        replace(ENGINE, extra_args=("--ep-size", "4", "--attn-dp-size", "4")),
        shape=LATENT,
        parallelism=Parallelism(tensor=4),
        on=H100,
    ),
    "attention ranks, said twice": setup_of(
        replace(ENGINE, extra_args=("--enable-dp-attention", "--attn-dp-size", "2")),
        parallelism=Parallelism(tensor=2),
        on=H100,
    ),
    "heads that only the GPUs of an attention rank can share": setup_of(
        replace(ENGINE, extra_args=("--attn-dp-size=16",)),
        shape=replace(LLAMA, heads=40),
        parallelism=Parallelism(tensor=16),
        on=H100,
    ),
    "experts over one": extra("--ep=1", "--attn-dp-size=1", "--page-size=x"),
    "a pool above the context": extra("--max-total-tokens=200000"),
    "a pool above the context, in millions": extra("--max-total-t", "0.2M"),
    "a pool for nobody knows what": setup_of(
        replace(ENGINE, extra_args=("--max-total-tokens=64",)), shape=None, on=H100
    ),
    "prompts in whole pages": extra("--page-size", "16", max_batched_tokens=2048),
    "a longer context, on demand": setup_with(
        max_context_tokens=200_000, extra_env=(("SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN", "1"),)
    ),
    "flags of its own": extra(
        "--enable-mixed-chunk", "--random-seed=7", "--schedule-policy", "lpm", image=RELEASED.image
    ),
    "a parser that only an image of one's own has": setup_with(tools=Tools(parser="our-own")),
    "a parser that guesses": setup_of(replace(RELEASED, tools=Tools(parser="auto")), shape=None, on=H100),
    "a template by its path": setup_with(chat_template="/templates/chat.jinja"),
    "a variable of its own": setup_with(extra_env=(("SGLANG_LOG_MS", "1"),)),
}
