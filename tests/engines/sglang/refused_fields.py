"""Setups that SGLang 0.5.23 cannot run, each with the one refusal it must get; a row is a sentence."""

from dataclasses import replace
from typing import Final

from fairlead.engines.reasons import EngineReason as Why
from fairlead.fleet.conversations import Tools
from fairlead.fleet.desired_state import (
    Parallelism,
)
from fairlead.fleet.quantization import KvFormat, WeightFormat
from tests.engines.setups import (
    B200,
    H100,
    LLAMA,
    NGRAM,
    SLOTS,
    WITH_DRAFT,
    setup_of,
    stored,
)
from tests.engines.sglang.inputs import (
    BUCKET,
    ENGINE,
    METHOD,
    WEIGHTS,
    Row,
    adapter,
    renamed,
    setup_with,
)

HOST_MEMORY: Final = "spec.engine.prefixCaching.hostMemory"
CANNOT: Final[dict[str, Row]] = {
    "a colon in a name means an adapter": (
        renamed(setup_with(), "org:chat"),
        "spec.model.servedName",
        "org:chat",
        Why.NOT_IN_ENGINE,
        "write a name without one",
    ),
    "nor may an adapter's name have one": (
        setup_with(adapters=adapter("a:b")),
        "spec.engine.adapters",
        "a:b",
        Why.NOT_IN_ENGINE,
        "write a name without one",
    ),
    "a bucket has not been tested": (
        setup_of(ENGINE, source=BUCKET, on=H100),
        "spec.model.source",
        "s3://models/chat",
        Why.NOT_YET_IN_ENGINE,
        "mount the model with pvc:// or oci://",
    ),
    "nor for a draft": (
        setup_with(speculation=replace(WITH_DRAFT, draft=BUCKET)),
        "spec.engine.speculation.draft.source",
        "s3://models/chat",
        Why.NOT_YET_IN_ENGINE,
        "mount the draft",
    ),
    "adapters come from folders and the hub": (
        setup_with(adapters=adapter(source=BUCKET)),
        "spec.engine.adapters",
        "s3://models/chat",
        Why.NOT_IN_ENGINE,
        "mount the adapter",
    ),
    "adapters that come while it runs": (
        setup_with(lora=SLOTS),
        "spec.engine.lora",
        "8 slots",
        Why.NOT_YET_IN_ENGINE,
        "list adapters in spec.engine.adapters",
    ),
    "scales of FP8 are its own choice": (
        setup_with(weights=WeightFormat.FP8_PER_BLOCK),
        WEIGHTS,
        "fp8PerBlock",
        Why.NOT_IN_ENGINE,
        "write fp8",
    ),
    "experts in eight bits are not made": (
        setup_with(weights=WeightFormat.INT8_EXPERTS),
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
        setup_with(kv=KvFormat.FLOAT16),
        "spec.engine.quantization.kvCache",
        "float16",
        Why.NOT_IN_ENGINE,
        "write auto",
    ),
    "speculation cannot be switched off by the batch": (
        setup_with(speculation=replace(NGRAM, max_concurrency=8)),
        "spec.engine.speculation.maxConcurrency",
        "8",
        Why.NOT_IN_ENGINE,
        "drafts for every batch",
    ),
    "repetitions have no shortest length": (
        setup_with(speculation=replace(NGRAM, lookup_min=2)),
        "spec.engine.speculation.lookupMin",
        "2",
        Why.NOT_IN_ENGINE,
        "takes no lengths",
    ),
    "nor a longest": (
        setup_with(speculation=replace(NGRAM, lookup_max=4)),
        "spec.engine.speculation.lookupMax",
        "4",
        Why.NOT_IN_ENGINE,
        "takes no lengths",
    ),
    "main memory for blocks without the tree that finds them": (
        setup_with(host_memory_bytes=64 << 30, prefix_caching=False),
        HOST_MEMORY,
        "64 GiB",
        Why.ARGUMENT_CONFLICTS,
        "write enabled: true",
    ),
    "main memory of less than a gigabyte for a GPU": (
        setup_with(host_memory_bytes=1 << 29),
        HOST_MEMORY,
        "0.5 GiB",
        Why.OUT_OF_RANGE,
        "write 1Gi or more",
    ),
    "main memory for four-bit blocks": (
        setup_of(replace(ENGINE, host_memory_bytes=64 << 30, kv=KvFormat.NVFP4), on=B200),
        HOST_MEMORY,
        "64 GiB",
        Why.NOT_IN_ENGINE,
        "write fp8",
    ),
    "main memory beside a cache of another program": (
        setup_with(host_memory_bytes=64 << 30, extra_args=("--enable-lmcache",)),
        "spec.engine.extraArgs",
        "--enable-lmcache",
        Why.ARGUMENT_CONFLICTS,
        "two caches in main memory",
    ),
    "main memory that its flag gives too": (
        setup_with(host_memory_bytes=64 << 30, extra_args=("--hicache-ratio=2",)),
        "spec.engine.extraArgs[0]",
        "--hicache-ratio",
        Why.ARGUMENT_OWNED,
        f"set {HOST_MEMORY} instead",
    ),
    "longer CUDA graphs": (
        setup_with(cuda_graph_tokens=1024),
        "spec.engine.batching.cudaGraphTokens",
        "1024",
        Why.NOT_YET_IN_ENGINE,
        "write engine.kind: vLLM",
    ),
    "no drafts across stages": (
        setup_of(replace(ENGINE, speculation=NGRAM), parallelism=Parallelism(pipeline=2), on=H100),
        METHOD,
        "ngram",
        Why.SPECULATION_NOT_POSSIBLE,
        "use spec.parallelism.tensor instead",
    ),
    "a draft model beside adapters": (
        setup_with(speculation=WITH_DRAFT, adapters=adapter()),
        METHOD,
        "draftModel",
        Why.SPECULATION_NOT_POSSIBLE,
        "write ngram, eagle3 or mtp",
    ),
    "tools only on demand": (
        setup_with(tools=Tools(auto=False)),
        "spec.engine.tools.auto",
        "false",
        Why.NOT_IN_ENGINE,
        "remove auto",
    ),
    "a template in the spec": (
        setup_with(chat_template="{{ messages[0].content }}"),
        "spec.engine.chatTemplate.inline",
        "{{ messages[0].content }}",
        Why.NOT_IN_ENGINE,
        "put it into a ConfigMap",
    ),
    "sleep": (setup_with(sleeps=True), "spec.engine.sleep.enabled", "true", Why.NOT_YET_IN_ENGINE, "engine.kind: vLLM"),
}
