"""What a spec may say and TensorRT-LLM cannot do, or what this release of Fairlead does not use there yet.

Each row names its source: files below `tensorrt_llm/`, or NVIDIA's documentation. The rows and `field_keys` together
name every field of a spec; `unsupported_field` refuses a field in neither, so that none is accepted and ignored.
"""

from typing import Final

from fairlead.engines import field_limits, spec_values
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.field_limits import FieldLimit
from fairlead.engines.reasons import EngineReason
from fairlead.engines.tensorrt_llm import adapters, field_keys, formats
from fairlead.engines.tensorrt_llm.release import LEAST, is_too_old
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat

_UNREAD: Final = tuple(one for one in WeightFormat if one is not WeightFormat.NONE and one not in formats.WEIGHTS)
_CACHES: Final = frozenset(KvFormat) - formats.KV.keys() - {KvFormat.AUTO}
_LEAST: Final = ".".join(str(number) for number in LEAST)

SPECULATION_SETTINGS: Final = frozenset({"method", "draft", "tokens", "max_concurrency", "lookup_min", "lookup_max"})


def unsupported_field(setup: EngineSetup) -> SpecRefusal | None:
    """A setting newer than these tables: refused until it is decided what it means for TensorRT-LLM."""
    return field_limits.unknown_setting(setup, "TensorRT-LLM", SETTINGS, SPECULATION_SETTINGS)


def _too_old(setup: EngineSetup) -> str | None:
    return setup.engine.version if is_too_old(setup.engine.version) else None


def _float32(setup: EngineSetup) -> str | None:
    return setup.engine.dtype if setup.engine.dtype is Dtype.FLOAT32 else None


def _cached(setup: EngineSetup) -> str | None:
    return setup.engine.kv if setup.engine.kv in _CACHES else None


def _copies(setup: EngineSetup) -> str | None:
    degree = setup.revision.parallelism.data
    return str(degree) if degree > 1 else None


def _queued(setup: EngineSetup) -> str | None:
    queued = setup.engine.max_queued_requests
    return None if queued is None else str(queued)


def _draft_of_own_layers(setup: EngineSetup) -> str | None:
    speculation = setup.engine.speculation
    if speculation.method is not SpeculationMethod.MTP or speculation.draft is None:
        return None
    return speculation.draft.location


def _longest_of_no_lookup(setup: EngineSetup) -> str | None:
    speculation = setup.engine.speculation
    unused = speculation.method not in {SpeculationMethod.NGRAM, SpeculationMethod.OFF}
    return str(speculation.lookup_max) if unused and speculation.lookup_max is not None else None


def _speculates_beside_adapters(setup: EngineSetup) -> str | None:
    method = setup.engine.speculation.method
    return method if method is not SpeculationMethod.OFF and setup.engine.adapters else None


LIMITS: Final = (
    FieldLimit(
        field="spec.engine.version",
        refuses=f"releases before {_LEAST}",
        source="metrics/collector.py of 1.2, which has request latencies and no queue",
        value=_too_old,
        because=f"before {_LEAST} it reports neither how many requests run nor how many wait, and cannot serve a "
        "chosen name",
        remedy=f"write {_LEAST} or later, or engine.kind: vLLM",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.accelerator.product",
        refuses="a processor",
        source="commands/serve.py: get_llm_args, `No GPU devices found on the node`",
        value=spec_values.processor,
        because="TensorRT-LLM runs on NVIDIA's GPUs only",
        remedy="write engine.kind: vLLM, or name a GPU",
        reason=EngineReason.NOT_ON_CPU,
    ),
    FieldLimit(
        field="spec.model.source",
        refuses="a bucket",
        source="commands/serve.py: MODEL, `model name or Hugging Face checkpoint path`",
        value=spec_values.bucket,
        because="TensorRT-LLM reads models from folders and from the hub only",
        remedy="mount the model with pvc:// or oci://, or read it from hf://",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.speculation.draft.source",
        refuses="a bucket",
        source="llmapi/llm_args.py: DecodingBaseConfig.speculative_model",
        value=spec_values.bucket_of_draft,
        because="TensorRT-LLM reads drafts from folders and from the hub only",
        remedy="mount the draft with pvc:// or oci://, or read it from hf://",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.batching.cudaGraphTokens",
        refuses="a length of CUDA graphs",
        source="llmapi/llm_args.py: CudaGraphConfig, which is of decode steps",
        value=spec_values.cuda_graph_tokens,
        because="the effect of longer graphs was measured only with vLLM",
        remedy="remove it, or write engine.kind: vLLM",
        reason=EngineReason.NOT_YET_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.lora",
        refuses="adapters that come and go",
        source="serve/openai_server.py, which has no route that loads adapters",
        value=spec_values.lora,
        because="TensorRT-LLM has no request that loads or unloads an adapter",
        remedy="remove lora and list adapters in spec.engine.adapters, or use engine kind vLLM",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.adapters",
        refuses="an adapter that is not mounted",
        source="serve/openai_protocol.py: lora_request, whose lora_path is a folder",
        value=adapters.unmounted,
        because="a request names the folder of its adapter to TensorRT-LLM, which downloads none",
        remedy="put the adapter on a volume or in an image and name it by pvc:// or oci://",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.dtype",
        refuses="float32",
        source="llmapi/llm_args.py: dtype; its kernels for 32 bits are named nowhere",
        value=_float32,
        because="it is not known whether TensorRT-LLM has kernels that compute in 32 bits",
        remedy="write bfloat16 or auto, or engine.kind: vLLM",
        reason=EngineReason.NOT_YET_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.quantization.weights",
        refuses=", ".join(sorted(_UNREAD)),
        source="quantization/mode.py: QuantAlgo; it quantizes no weights while it loads",
        value=spec_values.weights_of(*_UNREAD),
        because="TensorRT-LLM has no such format of stored weights, and makes none while it loads",
        remedy="take a checkpoint stored as fp8, nvfp4, awq or gptq, such as those of NVIDIA's ModelOpt",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.quantization.kvCache",
        refuses=", ".join(sorted(_CACHES)),
        source="commands/serve.py: --kv_cache_dtype, which is auto, fp8 or nvfp4",
        value=_cached,
        because="TensorRT-LLM's cache has no such format",
        remedy="write auto, which is the model's own type, or fp8",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.batching.maxQueuedRequests",
        refuses="a limit of waiting requests",
        source="llmapi/llm_args.py: SchedulerConfig, which has no such number",
        value=_queued,
        because="TensorRT-LLM does not limit waiting requests",
        remedy="remove it; routers prefer replicas that are less full",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.parallelism.data",
        refuses="copies in one pod",
        source="llmapi/llm_args.py: attention DP works inside tensor parallelism, and there are no copies",
        value=_copies,
        because="a TensorRT-LLM server runs one copy of the model",
        remedy="write 1, and as many times the replicas; for experts add --enable_attention_dp",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.speculation.lookupMin",
        refuses="the shortest repetition",
        source="llmapi/llm_args.py: NGramDecodingConfig.max_matching_ngram_size",
        value=spec_values.speculation_number("lookup_min"),
        because="TensorRT-LLM has only a longest length of a repetition",
        remedy="remove it, and write lookupMax",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.speculation.lookupMax",
        refuses="lengths of a repetition without ngram",
        source="llmapi/llm_args.py: max_matching_ngram_size is NGramDecodingConfig's alone",
        value=_longest_of_no_lookup,
        because="only ngram searches for repetitions, and TensorRT-LLM refuses the key of another method",
        remedy="remove it, or write ngram as the method",
        reason=EngineReason.SPECULATION_NOT_POSSIBLE,
    ),
    FieldLimit(
        field="spec.engine.speculation.draft",
        refuses="a draft for the model's own layers",
        source="llmapi/llm_args.py: MTPDecodingConfig, whose layers are the checkpoint's",
        value=_draft_of_own_layers,
        because="TensorRT-LLM takes the layers for mtp from the model's own checkpoint",
        remedy="remove it, or write eagle3 or draftModel as the method",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.speculation.method",
        refuses="speculation across stages of a pipeline",
        source="NVIDIA's feature matrix: speculation and pipeline parallelism, `No`",
        value=spec_values.speculation_across_stages,
        because="TensorRT-LLM drafts only if one stage holds the whole model",
        remedy="write off, or use spec.parallelism.tensor instead of pipeline",
        reason=EngineReason.SPECULATION_NOT_POSSIBLE,
    ),
    FieldLimit(
        field="spec.engine.speculation.method",
        refuses="speculation beside adapters",
        source="NVIDIA's feature matrix: LoRA and speculation, `Untested`",
        value=_speculates_beside_adapters,
        because="NVIDIA has not tested adapters with speculation",
        remedy="write off, or remove spec.engine.adapters",
        reason=EngineReason.SPECULATION_NOT_POSSIBLE,
    ),
    FieldLimit(
        field="spec.engine.tools.auto",
        refuses="tools only on a client's demand",
        source="commands/serve.py: --tool_parser, which stands alone",
        value=spec_values.tools_on_demand,
        because="in TensorRT-LLM the parser is the only setting: with one the model may always call tools",
        remedy="remove auto, or remove spec.engine.tools",
        reason=EngineReason.NOT_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.chatTemplate.inline",
        refuses="a template in the spec",
        source="commands/serve.py: --chat_template, `a file path or one-liner template string`",
        value=spec_values.inline_template,
        because="TensorRT-LLM takes one line of text here, and more lines have not been tested",
        remedy="put it into a ConfigMap and name that in spec.engine.chatTemplate.configMap",
        reason=EngineReason.NOT_YET_IN_ENGINE,
    ),
    FieldLimit(
        field="spec.engine.sleep.enabled",
        refuses="sleep",
        source="serve/openai_server.py: release_memory, of the asynchronous class only",
        value=spec_values.sleep,
        because="Fairlead does not put TensorRT-LLM to sleep yet",
        remedy="remove spec.engine.sleep, or write engine.kind: vLLM",
        reason=EngineReason.NOT_YET_IN_ENGINE,
    ),
)
"""In the order in which they are reported."""
SETTINGS: Final = field_limits.settings((*field_keys.FIELDS, *LIMITS))
"""Settings of an engine that become keys, options or variables, or are refused."""
