"""What a spec may say and SGLang 0.5.23 cannot do, or what this release of Fairlead does not use there yet.

Each row names the file of SGLang where it was read. The rows and `field_flags` together name every field of a spec;
`unsupported_field` refuses a field in neither, so that none is accepted and ignored.
"""

from typing import Final

from fairlead.engines import field_limits, spec_values
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.field_limits import FieldLimit
from fairlead.engines.reasons import EngineReason
from fairlead.engines.sglang import field_flags
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.quantization import KvFormat, WeightFormat

_OWN_SCALES: Final = frozenset({WeightFormat.FP8_PER_TENSOR, WeightFormat.FP8_PER_BLOCK, WeightFormat.FP8_PER_CHANNEL})
_CACHES: Final = frozenset({KvFormat.FLOAT16, KvFormat.INT8_PER_TOKEN_HEAD})

SPECULATION_SETTINGS: Final = frozenset({"method", "draft", "tokens", "max_concurrency", "lookup_min", "lookup_max"})


def unsupported_field(setup: EngineSetup) -> SpecRefusal | None:
    """A setting newer than these tables: refused until it is decided what it means for SGLang."""
    return field_limits.unknown_setting(setup, "SGLang", SETTINGS, SPECULATION_SETTINGS)


def _cached(setup: EngineSetup) -> str | None:
    return setup.engine.kv if setup.engine.kv in _CACHES else None


def _colon(setup: EngineSetup) -> str | None:
    name = setup.revision.model.served_name
    return name if ":" in name else None


def _colon_of_adapter(setup: EngineSetup) -> str | None:
    return next((one.name for one in setup.engine.adapters if ":" in one.name), None)


def _draft_with_adapters(setup: EngineSetup) -> str | None:
    method = setup.engine.speculation.method
    return method if method is SpeculationMethod.DRAFT_MODEL and setup.engine.adapters else None


LIMITS: Final = (
    FieldLimit(
        field="spec.model.servedName",
        refuses="a name with a colon",
        source="srt/arg_groups/validation_hook.py: check_server_args",
        value=_colon,
        because="in SGLang a colon separates a model from its adapter",
        remedy="write a name without one; without servedName it is the object's own",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.model.source",
        refuses="a bucket",
        source="srt/arg_groups/model_path_hook.py, which loads it with runai_streamer",
        value=spec_values.bucket,
        because="loading from a bucket has not been tested with SGLang",
        remedy="mount the model with pvc:// or oci://, or read it from hf://",
        reason=EngineReason.NOT_YET_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.speculation.draft.source",
        refuses="a bucket",
        source="srt/arg_groups/model_path_hook.py, which loads it with runai_streamer",
        value=spec_values.bucket_of_draft,
        because="loading from a bucket has not been tested with SGLang",
        remedy="mount the draft with pvc:// or oci://, or read it from hf://",
        reason=EngineReason.NOT_YET_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.batching.cudaGraphTokens",
        refuses="a length of CUDA graphs",
        source="srt/arg_groups: --cuda-graph-max-bs-prefill",
        value=spec_values.cuda_graph_tokens,
        because="the effect of longer graphs was measured only with vLLM",
        remedy="remove it, or write engine.kind: vLLM",
        reason=EngineReason.NOT_YET_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.lora",
        refuses="adapters that come and go",
        source="srt/entrypoints/http_server.py: load_lora_adapter",
        value=spec_values.lora,
        because="loading adapters into a running SGLang has not been tested with objects of kind Adapter",
        remedy="remove lora and list adapters in spec.engine.adapters, or use engine kind vLLM",
        reason=EngineReason.NOT_YET_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.adapters",
        refuses="an adapter in a bucket",
        source="srt/lora/lora_config.py: LoRAConfig, which knows folders and the hub",
        value=spec_values.bucket_of_adapter,
        because="SGLang reads adapters from folders and from the hub only",
        remedy="mount the adapter with pvc:// or oci://, or read it from hf://",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.adapters",
        refuses="an adapter's name with a colon",
        source="srt/entrypoints/openai/serving_base.py: _parse_model_parameter",
        value=_colon_of_adapter,
        because="in SGLang a colon separates a model from its adapter",
        remedy="write a name without one",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.quantization.weights",
        refuses=f"{', '.join(sorted(_OWN_SCALES))} while loading",
        source="srt/layers/quantization/fp8.py: Fp8LinearMethod, which chooses by the GPU",
        value=spec_values.weights_of(*_OWN_SCALES),
        because="SGLang itself chooses the scales of its FP8 weights",
        remedy="write fp8, which it makes from an unquantized checkpoint as well",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.quantization.weights",
        refuses="int8Experts",
        source="srt/arg_groups/choices.py: QUANTIZATION_CHOICES",
        value=spec_values.weights_of(WeightFormat.INT8_EXPERTS),
        because="SGLang makes no eight-bit integers of experts while it loads",
        remedy="write fp8 or none",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.quantization.weights",
        refuses="bitsandbytes",
        source="srt/layers/quantization/bitsandbytes.py, srt/model_loader/loader.py: BitsAndBytesModelLoader",
        value=spec_values.weights_of(WeightFormat.BITSANDBYTES),
        because="it needs its own loader in SGLang, which Fairlead does not select yet",
        remedy="take an AWQ or GPTQ checkpoint, or write fp8 with an unquantized one",
        reason=EngineReason.NOT_YET_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.quantization.kvCache",
        refuses=", ".join(sorted(_CACHES)),
        source="srt/arg_groups/fields/model.py: kv_cache_dtype",
        value=_cached,
        because="SGLang's cache has no such format",
        remedy="write auto, which is the model's own type, or fp8",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.speculation.maxConcurrency",
        refuses="a batch above which speculation is off",
        source="srt/arg_groups/fields/spec.py, which has no such number",
        value=spec_values.speculation_number("max_concurrency"),
        because="SGLang drafts for every batch: it cannot be switched off by the number of running requests",
        remedy="remove it, or write engine.kind: vLLM",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    *(
        FieldLimit(
            field=f"spec.engine.speculation.{field}",
            refuses="lengths of a repetition",
            source="srt/arg_groups/fields/spec.py: speculative_ngram_max_trie_depth",
            value=spec_values.speculation_number(name),
            because="SGLang looks up repetitions in a tree of all requests, and takes no lengths",
            remedy="remove it, or write engine.kind: vLLM",
            reason=EngineReason.NOT_IN_ENGINE,
        )
        for field, name in (("lookupMin", "lookup_min"), ("lookupMax", "lookup_max"))
    ),
    FieldLimit(
        field="spec.engine.speculation.method",
        refuses="speculation across stages of a pipeline",
        source="srt/arg_groups/validation_hook.py: check_pipeline_parallel_compat",
        value=spec_values.speculation_across_stages,
        because="SGLang drafts only if one stage holds the whole model",
        remedy="write off, or use spec.parallelism.tensor instead of pipeline",
        reason=EngineReason.SPECULATION_NOT_POSSIBLE,
    ),
    FieldLimit(
        field="spec.engine.speculation.method",
        refuses="a draft model beside adapters",
        source="srt/arg_groups/lora_hook.py: check_lora_speculative_compatibility",
        value=_draft_with_adapters,
        because="SGLang's draft models do not work with LoRA adapters",
        remedy="write ngram, eagle3 or mtp, or remove spec.engine.adapters",
        reason=EngineReason.SPECULATION_NOT_POSSIBLE,
    ),
    FieldLimit(
        field="spec.engine.tools.auto",
        refuses="tools only on a client's demand",
        source="srt/server_args.py: --tool-call-parser, which stands alone",
        value=spec_values.tools_on_demand,
        because="in SGLang the parser is the only setting: with one the model may always call tools",
        remedy="remove auto, or remove spec.engine.tools",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.chatTemplate.inline",
        refuses="a template in the spec",
        source="srt/parser/template_manager.py: _load_explicit_chat_template",
        value=spec_values.inline_template,
        because="SGLang expects a file, and would take the text as its path",
        remedy="put it into a ConfigMap and name that in spec.engine.chatTemplate.configMap",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.sleep.enabled",
        refuses="sleep",
        source="srt/entrypoints/http_server.py: release_memory_occupation, with --enable-memory-saver only",
        value=spec_values.sleep,
        because="Fairlead does not put SGLang to sleep yet",
        remedy="remove spec.engine.sleep, or write engine.kind: vLLM",
        reason=EngineReason.NOT_YET_IN_ENGINE,
    ),
)
"""In the order in which they are reported."""
SETTINGS: Final = field_limits.settings((*field_flags.FIELDS, *LIMITS))
"""Settings of an engine that become flags or variables, or are refused."""
