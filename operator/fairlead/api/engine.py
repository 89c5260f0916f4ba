"""The engine and its settings: quantization, caching, speculation, batching, context, adapters."""

from typing import Annotated, Final

from pydantic import Field

from fairlead.api.api_model import ApiModel, KeyedList
from fairlead.api.conversation import ChatTemplate, ConfigMapKeyRef, Reasoning, Tools
from fairlead.api.model import SecretKeyRef
from fairlead.api.string_formats import (
    Argument,
    EnvName,
    Image,
    ModelName,
    ObjectName,
    Quantity,
    Revision,
    Share,
    SourceText,
    Version,
)
from fairlead.fleet.desired_state import SLEEPING, WITHOUT_GPU, EngineKind, SpeculationMethod
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat

_SLEEPING: Final = [kind for kind in EngineKind if kind in SLEEPING]
_COMPUTING: Final = [kind for kind in EngineKind if kind not in WITHOUT_GPU]
_PRETENDING: Final = [kind for kind in EngineKind if kind in WITHOUT_GPU]


class Quantization(ApiModel):
    """How numbers are stored on the GPU."""

    weights: WeightFormat = Field(
        default=WeightFormat.NONE,
        description="Format of the weights. From an unquantized checkpoint vLLM makes fp8PerTensor, fp8PerBlock, "
        "fp8PerChannel, mxfp8, mxfp4 and int8Experts while it loads, SGLang fp8, mxfp8 and, of experts, mxfp4, "
        "TensorRT-LLM none; otherwise it names how the checkpoint was stored and must agree with it. Default none: as "
        "the checkpoint has them. Refused where the engine or the GPU lacks the format.",
    )
    kv_cache: KvFormat = Field(
        default=KvFormat.AUTO,
        description="Format of the KV cache. FP8 holds twice as many tokens as 16 bits do, at a small loss of "
        "quality. Default auto: as the checkpoint asks, else the model's own type.",
    )


class PrefixCaching(ApiModel):
    """Reuse of the KV cache of a common prompt prefix."""

    enabled: bool = Field(
        default=True,
        description="Whether the engine keeps the KV cache of prompt prefixes and the router sends similar "
        "prompts to the same replica. Default true: with shared system prompts and long chats the first token comes "
        "sooner.",
    )
    host_memory: Quantity | None = Field(
        default=None,
        description="Main memory of one replica, for instance 64Gi, that keeps blocks of the KV cache after they were "
        "evicted from its GPUs: a conversation that comes back is loaded over PCIe instead of computed again. Counts "
        "as memory of the pod, which requests it. At least 1Gi for each GPU, and more than their own caches. Default: "
        "none. Refused with enabled: false and with product CPU.",
    )


class Draft(ApiModel):
    """The small model that proposes tokens."""

    source: SourceText = Field(description="Where the draft's weights are read from; spelled as spec.model.source.")
    revision: Revision | None = Field(
        default=None, description="Commit, tag or branch of the draft. Default: the source's default branch."
    )


class Speculation(ApiModel):
    """Speculative decoding: faster answers at low load, wasted work at high load."""

    method: SpeculationMethod = Field(
        default=SpeculationMethod.OFF,
        description="Where draft tokens come from. off: none. ngram: repetitions of the prompt, no memory needed. "
        "draftModel: a small model of the same vocabulary. eagle3: a head trained for this model. mtp: the model's "
        "own extra layers.",
    )
    draft: Draft | None = Field(
        default=None,
        description="The draft model; needed by draftModel and eagle3, refused with ngram. Its weights "
        "and cache are counted in the fit.",
    )
    tokens: Annotated[int, Field(ge=1, le=64)] | None = Field(
        default=None,
        description="Draft tokens in each step. Default 3; with mtp the number the model was trained for.",
    )
    max_concurrency: Annotated[int, Field(ge=1, le=8192)] | None = Field(
        default=None,
        description="Running requests in a replica above which speculative decoding is switched off, since a full "
        "batch leaves no room for it. Default: never switched off by their number; speculation.switchOff of the "
        "AutoscalingPolicy decides by measured acceptance, for the whole deployment. Refused with SGLang; vLLM ignores "
        "it, with a warning, if parallelism.data is above 1.",
    )
    lookup_min: Annotated[int, Field(ge=1, le=64)] | None = Field(
        default=None,
        description="Shortest repetition, in tokens, that ngram uses. Default: lookupMax, else 5. vLLM only.",
    )
    lookup_max: Annotated[int, Field(ge=1, le=64)] | None = Field(
        default=None,
        description="Longest repetition, in tokens, that ngram searches for. Default: lookupMin, else 5 with vLLM and "
        "the engine's own with TensorRT-LLM. Refused with SGLang.",
    )


class Sleep(ApiModel):
    """Releasing the GPU's memory while no requests arrive, and taking it again within seconds."""

    enabled: bool = Field(
        default=False,
        description="Starts the engine so that it can be put to sleep: its weights move to main memory, its KV "
        f"cache is dropped. Kinds {' and '.join(_SLEEPING)}. Which replicas sleep is decided by warmPool.asleep of the "
        "AutoscalingPolicy. A pod needs the weights' size in main memory. Opens the engine's development endpoints on "
        "its port, which routers do not expose. Default false.",
    )


class Batching(ApiModel):
    """Limits of a replica's batch. A field that is not set keeps the engine's own default for this GPU."""

    max_sequences: Annotated[int, Field(ge=1, le=8192)] | None = Field(
        default=None,
        description="Most requests that run at once in a replica; with spec.parallelism.data above 1, in each of its "
        "ranks. More requests raise throughput and make the tokens of each slower.",
    )
    max_batched_tokens: Annotated[int, Field(ge=32, le=1_048_576)] | None = Field(
        default=None,
        description="Most tokens of one step, prompts and answers together; in SGLang prompts alone, and answers pause "
        "meanwhile. A smaller value keeps the tokens of running answers steady while long prompts arrive; a larger one "
        "brings first tokens sooner. Not below maxSequences.",
    )
    cuda_graph_tokens: Annotated[int, Field(ge=1, le=8192)] | None = Field(
        default=None,
        description="Longest step, in tokens, that runs from a captured CUDA graph. 1024 makes prompts of up to that "
        "length start sooner, for a few more seconds of start-up. Default: the engine's own, twice maxSequences and at "
        "most 512. Not above maxBatchedTokens. vLLM only.",
    )
    max_queued_requests: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None,
        description="Most requests that wait inside the engine, beside those that run. Default: no limit. Only the "
        "router's queue knows priorities and tenants, so a few are enough. Refused with TensorRT-LLM.",
    )


class Context(ApiModel):
    """How long a conversation may be."""

    max_tokens: Annotated[int, Field(ge=16, le=16_777_216)] | None = Field(
        default=None,
        description="Longest prompt and answer together, in tokens. Default: what the model was made for. Memory must "
        "hold at least one request of this length, so a smaller number fits a smaller GPU.",
    )


class Adapter(ApiModel):
    """One LoRA adapter on top of the model."""

    name: ModelName = Field(description="Name by which clients ask for the adapter; unique in this object.")
    source: SourceText = Field(
        description="Where the adapter is read from; spelled as spec.model.source. No engine reads one from s3://."
    )
    revision: Revision | None = Field(
        default=None,
        description="Commit, tag or branch of an hf:// adapter. vLLM and SGLang always download the newest and ignore "
        "it, which gives a warning; to pin an adapter, name it by pvc:// or oci://.",
    )
    rank: Annotated[int, Field(ge=1, le=512)] = Field(
        default=16, description="Rank the adapter was trained with. Default 16. The engine reserves memory for it."
    )


class Lora(ApiModel):
    """Slots for adapters that are loaded and unloaded while the engine runs: objects of kind Adapter."""

    slots: Annotated[int, Field(ge=1, le=256)] = Field(
        default=8,
        description="Adapters that can take part in one step of a replica; requests for others wait. Default 8. Each "
        "slot takes GPU memory for maxRank, whether it is used or not, and is counted in the fit.",
    )
    cpu_slots: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        default=None,
        description="Adapters kept in a replica's main memory, including those in the slots; others are read from "
        "file when a request needs them. Default: four times slots. Not below slots.",
    )
    max_rank: Annotated[int, Field(ge=1, le=512)] = Field(
        default=16,
        description="Highest rank of an adapter here. Default 16. Every slot reserves this rank and each step computes "
        "it, so a rank higher than any adapter has wastes memory and time.",
    )
    claim_name: ObjectName | None = Field(
        default=None,
        description="Name of a PersistentVolumeClaim of this namespace that replicas mount, read-only, so that "
        "adapters can be read from it: pvc://CLAIM/FOLDER. Default: none is mounted.",
    )


class EnvValueFrom(ApiModel):
    """Where a variable's value is read from when a replica starts."""

    secret_key_ref: SecretKeyRef | None = Field(default=None, description="A key of a Secret.")
    config_map_key_ref: ConfigMapKeyRef | None = Field(default=None, description="A key of a ConfigMap.")


class EnvVariable(ApiModel):
    """One environment variable, with the fields of a Pod's."""

    name: EnvName = Field(description="Name of the variable.")
    value: str | None = Field(
        default=None, max_length=4096, description="Its value, as text. Passwords and tokens belong in valueFrom."
    )
    value_from: EnvValueFrom | None = Field(default=None, description="Where its value is read from instead.")


class Engine(ApiModel):
    """The engine and its settings."""

    kind: EngineKind = Field(
        default=EngineKind.VLLM,
        description=f"Which engine: {', '.join(_COMPUTING)}; or {' or '.join(_PRETENDING)}, which computes nothing and "
        "answers at the speed the accelerator would have, as vLLM or the engine in its name does; it requests GPUs "
        "unless accelerator.resource is none. Default vLLM.",
    )
    image: Image | None = Field(
        default=None,
        description="Image of the engine. Default: the one this release of Fairlead was tested with; with product CPU "
        "the build for processors that the installation names.",
    )
    version: Version | None = Field(
        default=None,
        description="Version of the engine in the image, without a v; decides which settings exist. Default: that in "
        "the tag of the project's own image, else the one this release was tested with. Without image it also chooses "
        "the image.",
    )
    dtype: Dtype = Field(
        default=Dtype.AUTO, description="Type the engine computes in. Default auto: the checkpoint's, 16 bits."
    )
    quantization: Quantization = Field(default=Quantization(), description="How weights and KV cache are stored.")
    prefix_caching: PrefixCaching = Field(default=PrefixCaching(), description="Reuse of common prompt prefixes.")
    speculation: Speculation = Field(default=Speculation(), description="Speculative decoding. Default off.")
    sleep: Sleep = Field(default=Sleep(), description="Whether replicas can be put to sleep. Default not.")
    batching: Batching = Field(default=Batching(), description="Limits of the batch a replica works on.")
    context: Context = Field(default=Context(), description="How long a conversation may be.")
    memory_utilization: Share | None = Field(
        default=None,
        description='Share of the GPU\'s memory that the engine may take, for instance "0.90". In SGLang it is the '
        "share of weights and cache alone; in TensorRT-LLM the cache's share of what weights and working memory leave. "
        "Default: the engine's. Refused with product CPU.",
    )
    eager: bool = Field(
        default=False,
        description="Skips compilation and graphs: starts sooner, answers slower. Default false; with product CPU "
        "always skipped, since compiling there needs a C++ compiler in the image.",
    )
    trust_remote_code: bool = Field(
        default=False,
        description="Runs Python code that comes with the model, with the engine's rights. Default false.",
    )
    adapters: Annotated[tuple[Adapter, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(), max_length=64, description="LoRA adapters, each served under a name of its own."
    )
    lora: Lora | None = Field(
        default=None,
        description="Lets objects of kind Adapter add and remove LoRA adapters while replicas run. {} takes the "
        "defaults. Kinds vLLM, from 0.32 on, and Simulated; not with sleep. Default: only adapters are served, and "
        "another one starts new replicas.",
    )
    tools: Tools | None = Field(
        default=None,
        description="Lets clients use tools: {} takes the parser of the model's family. Default: no parser, and a "
        "request with tools is answered 400.",
    )
    reasoning: Reasoning | None = Field(
        default=None,
        description="Separates the model's reasoning from its answer: {} takes the parser of the model's family. "
        "Default: reasoning is part of the answer's text.",
    )
    chat_template: ChatTemplate | None = Field(
        default=None,
        description="Chat template instead of the model's own; exactly one of inline, path and configMap.",
    )
    extra_args: tuple[Argument, ...] = Field(
        default=(),
        max_length=64,
        description="Further arguments for the engine, one per element, in order. An argument that a field of this "
        "spec sets is refused with that field's name; one that this version of the engine does not know, with "
        "the nearest known one.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    env: Annotated[tuple[EnvVariable, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(), max_length=64, description="Further environment variables of the engine, spelled as in a Pod."
    )
