"""Extra arguments and variables that TensorRT-LLM must not get, and setups that it may."""

from dataclasses import replace
from typing import Final

from fairlead.engines.reasons import EngineReason as Why
from fairlead.fleet.conversations import Tools
from fairlead.fleet.desired_state import DesiredSpeculation, EnvFrom, Parallelism
from fairlead.fleet.quantization import KvFormat, WeightFormat
from tests.engines.setups import (
    H100,
    L4,
    LLAMA,
    NGRAM,
    setup_of,
    stored,
)
from tests.engines.tensorrt_llm.inputs import (
    ENGINE,
    EXTRA,
    RefusedRow,
    adapter,
    extra,
    setup_with,
)

EXTRAS: Final[dict[str, RefusedRow]] = {
    "an option that a field owns": (
        extra("--max_seq_len=4096"),
        f"{EXTRA}[0]",
        "--max-seq-len",
        Why.ARGUMENT_OWNED,
        "set spec.engine.context.maxTokens instead",
    ),
    "its other name": (
        extra("--tp_size", "2"),
        f"{EXTRA}[0]",
        "--tp-size",
        Why.ARGUMENT_OWNED,
        "set spec.parallelism.tensor instead",
    ),
    "another file": (
        extra("--extra_llm_api_options=/x.yaml"),
        f"{EXTRA}[0]",
        "--extra-llm-api-options",
        Why.ARGUMENT_RESERVED,
        "--set=PATH=VALUE",
    ),
    "another port": (extra("--port", "1"), f"{EXTRA}[0]", "--port", Why.ARGUMENT_RESERVED, "on port 8000"),
    "reports of use": (
        extra("--telemetry"),
        f"{EXTRA}[0]",
        "--telemetry",
        Why.ARGUMENT_RESERVED,
        "usage is never reported",
    ),
    "a key of a field": (
        extra("--set", "kv_cache_config.dtype=fp8"),
        EXTRA,
        "--set kv_cache_config.dtype",
        Why.ARGUMENT_CONFLICTS,
        "set spec.engine.quantization.kvCache instead",
    ),
    "all keys above it": (
        extra("--set=kv_cache_config={}"),
        EXTRA,
        "--set kv_cache_config",
        Why.ARGUMENT_CONFLICTS,
        "owns this key",
    ),
    "one below it": (
        extra("--set=speculative_config.max_draft_len=3"),
        EXTRA,
        "--set speculative_config.max_draft_len",
        Why.ARGUMENT_CONFLICTS,
        "set spec.engine.speculation instead",
    ),
    "metrics off": (
        extra("--set=return_perf_metrics=false"),
        EXTRA,
        "--set return_perf_metrics",
        Why.ARGUMENT_CONFLICTS,
        "leave it out",
    ),
    "answers in a form off": (
        extra("--set=guided_decoding_backend=null"),
        EXTRA,
        "--set guided_decoding_backend",
        Why.ARGUMENT_CONFLICTS,
        "write xgrammar or llguidance",
    ),
    "a key of a reserved option": (
        extra("--set", "context_parallel_size=2"),
        EXTRA,
        "--set context_parallel_size",
        Why.ARGUMENT_RESERVED,
        "set spec.parallelism.tensor",
    ),
    "weights made up": (
        extra("--set=load_format=dummy"),
        EXTRA,
        "--set load_format",
        Why.ARGUMENT_RESERVED,
        "dummy weights would produce nonsense",
    ),
    "a key that cannot be set this way": (
        extra("--set=allow_request_chat_template=true"),
        EXTRA,
        "--set allow_request_chat_template",
        Why.ARGUMENT_RESERVED,
        "write --allow_request_chat_template",
    ),
    "one within such a key": (
        extra("--set=telemetry_config.disabled=false"),
        EXTRA,
        "--set telemetry_config.disabled",
        Why.ARGUMENT_RESERVED,
        "usage is never reported",
    ),
    "a key to no value": (extra("--set"), EXTRA, "--set", Why.ARGUMENT_MALFORMED, "expects PATH=VALUE"),
    "a key without a value": (
        extra("--set=max_beam_width"),
        EXTRA,
        "--set",
        Why.ARGUMENT_MALFORMED,
        "expects PATH=VALUE",
    ),
    "a value that is no YAML": (
        extra("--set=scheduler_config={"),
        EXTRA,
        "--set",
        Why.ARGUMENT_MALFORMED,
        "a value in YAML",
    ),
    **{
        f"a value whose tag does not fit: {value}": (
            extra(f"--set=scheduler_config={value}"),
            EXTRA,
            "--set",
            Why.ARGUMENT_MALFORMED,
            "a value in YAML",
        )
        for value in ("!!bool perhaps", "!!timestamp soon", "!!int '+'")
    },
    "a switch with a value": (
        extra("--log_level", "info", "--enable_attention_dp=false"),
        EXTRA,
        "--enable_attention_dp",
        Why.ARGUMENT_MALFORMED,
        "write it alone",
    ),
    "a switch before a value": (
        extra("--enable_attention_dp", "false"),
        EXTRA,
        "--enable_attention_dp",
        Why.ARGUMENT_MALFORMED,
        "takes no value",
    ),
    "adapters with experts spread by a key": (
        extra("--set=moe_expert_parallel_size=2", adapters=adapter()),
        EXTRA,
        "moe_expert_parallel_size",
        Why.ARGUMENT_CONFLICTS,
        "has not tested",
    ),
    "adapters with attention in ranks": (
        extra("--enable_attention_dp", adapters=adapter()),
        EXTRA,
        "enable_attention_dp",
        Why.ARGUMENT_CONFLICTS,
        "has not tested",
    ),
    "a cache that is smaller than the longest request": (
        extra("--set=kv_cache_config.max_tokens=1000", max_context_tokens=16384),
        EXTRA,
        "--set kv_cache_config.max_tokens",
        Why.ARGUMENT_CONFLICTS,
        "or 1000 as spec.engine.context.maxTokens",
    ),
    "adapters with experts spread": (
        extra("--ep_size=2", adapters=adapter()),
        EXTRA,
        "moe_expert_parallel_size",
        Why.ARGUMENT_CONFLICTS,
        "has not tested",
    ),
    "a variable that a field owns": (
        setup_with(extra_env=(("HF_TOKEN", "secret"),)),
        "spec.engine.env",
        "HF_TOKEN",
        Why.VARIABLE_OWNED,
        "set spec.model.tokenSecret",
    ),
    "a variable of the pod's": (
        setup_with(env_from=(EnvFrom(name="CUDA_VISIBLE_DEVICES", object_name="o", key="k"),)),
        "spec.engine.env",
        "CUDA_VISIBLE_DEVICES",
        Why.VARIABLE_RESERVED,
        "Kubernetes chooses the GPUs",
    ),
}

ALLOWED: Final = {
    "a plain setup": setup_with(),
    "nothing known of model and GPU": setup_of(ENGINE, shape=None, on=None),
    "a version without a number": setup_with(version="latest"),
    "a checkpoint of ModelOpt, said again": setup_of(
        replace(ENGINE, weights=WeightFormat.MODELOPT), shape=stored(LLAMA, WeightFormat.MODELOPT), on=L4
    ),
    "a checkpoint that nobody knows": setup_of(replace(ENGINE, weights=WeightFormat.AWQ), shape=None, on=H100),
    "a cache in FP8 on a card that nobody knows": setup_of(replace(ENGINE, kv=KvFormat.FP8), on=None),
    "ngram by its longest repetition, off in a large batch": setup_with(
        speculation=replace(NGRAM, lookup_max=4, max_concurrency=8)
    ),
    "lookups of speculation that is off": setup_with(speculation=DesiredSpeculation(lookup_min=3, lookup_max=9)),
    "prompts in one piece that fit a step": setup_of(
        replace(ENGINE, max_context_tokens=8192), parallelism=Parallelism(pipeline=2), on=H100
    ),
    "a pipeline of a model that nobody knows": setup_of(
        ENGINE, shape=None, parallelism=Parallelism(pipeline=2), on=H100
    ),
    "a key that no field has": extra("--set", "scheduler_config.capacity_scheduler_policy=MAX_UTILIZATION"),
    "another backend of forms": extra("--set=guided_decoding_backend=llguidance"),
    "a cache for one request": extra("--set=kv_cache_config.max_tokens=16384", max_context_tokens=16384),
    "a cache of a model that nobody knows": setup_of(
        replace(ENGINE, extra_args=("--set=kv_cache_config.max_tokens=10",)), shape=None, on=H100
    ),
    "a limit that is no number": extra("--set=kv_cache_config.max_tokens=many"),
    "experts spread": extra("--ep_size=2"),
    "adapters, and experts over one GPU": extra(
        "--ep_size=1", "--set=enable_attention_dp=false", "--enable_chunked_prefill", adapters=adapter()
    ),
    "heads that no GPU shares, with attention in ranks": setup_of(
        replace(ENGINE, extra_args=("--enable_attention_dp",)),
        shape=replace(LLAMA, heads=40, kv_heads=10),
        parallelism=Parallelism(tensor=16),
        on=H100,
    ),
    "a vocabulary that is padded to any number of GPUs": setup_of(
        ENGINE, shape=replace(LLAMA, heads=40, kv_heads=10, vocab=100_352), parallelism=Parallelism(tensor=5), on=H100
    ),
    "adapters beside options of others": extra("--log_level=debug", adapters=adapter()),
    "a template by its path": setup_with(chat_template="/templates/chat.jinja"),
    "a parser that it may have": setup_with(tools=Tools(parser="our-own")),
    "a variable of its own": setup_with(extra_env=(("TLLM_LOG_LEVEL", "debug"),)),
}
