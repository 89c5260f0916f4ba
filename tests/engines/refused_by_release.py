"""Setups that surely end the start of vLLM 0.32's own image, and nothing else: elsewhere each is a warning."""

from dataclasses import replace
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason as Why
from fairlead.fleet.desired_state import (
    Adapter,
    DesiredSpeculation,
    ModelSource,
    Parallelism,
    SourceScheme,
    SpeculationMethod,
)
from tests.engines.refused import no
from tests.engines.refused_values import EXTRA, Rows, given
from tests.engines.setups import H100, LATENT, LLAMA_SMALL, MIXTURE, MTP, RELEASED, VOLUME, WITH_DRAFT, setup_of

BUCKET: Final = ModelSource(scheme=SourceScheme.S3, location="bucket/folder")
EXPANDABLE: Final = (("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True,max_split_size_mb:128"),)
CONNECTED: Final = '--kv-transfer-config={"kv_connector":"LMCacheConnectorV1","kv_role":"kv_both"}'

DRAFT_OF_FOURTEEN: Final = replace(LLAMA_SMALL, name="a-small-draft", heads=14)
EAGLE: Final = DesiredSpeculation(method=SpeculationMethod.EAGLE3, tokens=3, draft=BUCKET)
SHARDED: Final = replace(
    RELEASED,
    adapters=(Adapter(name="legal", source=VOLUME, rank=16),),
    extra_args=("--enable-expert-parallel", "--fully-sharded-loras"),
)
GRAPHS: Final = replace(RELEASED, cuda_graph_tokens=512)

_GRAPHS_TWICE: Final = no(
    "spec.engine.batching.cudaGraphTokens",
    512,
    Why.ARGUMENT_CONFLICTS,
    "--compilation-config in spec.engine.extraArgs gives the sizes of CUDA graphs too",
    "remove it, or those keys of the argument",
)
_MOVING: Final = no(
    "spec.engine.env",
    "PYTORCH_CUDA_ALLOC_CONF",
    Why.ARGUMENT_CONFLICTS,
    "KV connectors, that of hostMemory or --kv-offloading-size too, do not work with expandable_segments:True, which "
    "moves memory",
    "remove expandable_segments:True, or add --enable-cumem-allocator",
)

TOGETHER: Final[Rows] = {
    "a draft whose heads the GPUs cannot share": (
        setup_of(replace(RELEASED, speculation=WITH_DRAFT), draft=DRAFT_OF_FOURTEEN, parallelism=Parallelism(tensor=4)),
        no(
            "spec.engine.speculation.draft.source",
            "a-small-draft",
            Why.HEADS_NOT_DIVISIBLE,
            "vLLM spreads it over 4 GPUs too, which cannot share its 14 attention heads evenly",
            "name a draft whose heads are a multiple of 4, or write ngram as spec.engine.speculation.method",
        ),
    ),
    "an EAGLE head in a bucket beside a model that is in none": (
        setup_of(replace(RELEASED, speculation=EAGLE)),
        no(
            "spec.engine.speculation.draft.source",
            "s3://bucket/folder",
            Why.NOT_IN_ENGINE,
            "with eagle3, vLLM streams a draft from a bucket only if the model is in one too",
            "put the draft on a volume or in an image, or add --load-format=runai_streamer to spec.engine.extraArgs",
        ),
    ),
    "a model in a bucket and a loader of files": (
        setup_of(replace(RELEASED, extra_args=("--load-format=fastsafetensors",)), source=BUCKET),
        no(
            EXTRA,
            "--load-format",
            Why.ARGUMENT_CONFLICTS,
            "a model in a bucket is streamed, and this loader reads files",
            "remove it, or write one of runai_streamer, runai_streamer_sharded, modelexpress",
        ),
    ),
    "a loader that is spelled wrong": (
        given("--load-format=safetensor"),
        no(
            EXTRA,
            "--load-format safetensor",
            Why.ARGUMENT_MALFORMED,
            "vLLM 0.32 has no loader of this name, and ends when its workers load the weights",
            "did you mean safetensors?",
        ),
    ),
    "a loader like no other": (
        given("--load-format", "zzz"),
        no(
            EXTRA,
            "--load-format zzz",
            Why.ARGUMENT_MALFORMED,
            "vLLM 0.32 has no loader of this name, and ends when its workers load the weights",
            "remove it; auto reads safetensors",
        ),
    ),
    "an adapter in a bucket": (
        setup_of(replace(RELEASED, adapters=(Adapter(name="legal", source=BUCKET, rank=16),))),
        no(
            "spec.engine.adapters[0].source",
            "s3://bucket/folder",
            Why.NOT_IN_ENGINE,
            "vLLM 0.32 loads adapters from a folder or the hub only",
            "put the adapter on a volume or in an image and name it by pvc:// or oci://",
        ),
    ),
    "adapters of spread experts, divided by their rank too": (
        setup_of(SHARDED, shape=MIXTURE, parallelism=Parallelism(tensor=2)),
        no(
            EXTRA,
            "--fully-sharded-loras",
            Why.ARGUMENT_CONFLICTS,
            "--enable-expert-parallel spreads the experts that adapters change, and vLLM divides them in one way",
            "remove it, or remove --enable-expert-parallel",
        ),
    ),
    "graph sizes of a field and of an object": (
        setup_of(replace(GRAPHS, extra_args=('--compilation-config={"cudagraph_capture_sizes":[1,2,4]}',)), on=H100),
        _GRAPHS_TWICE,
    ),
    "graph sizes of a field and of a key": (
        setup_of(replace(GRAPHS, extra_args=("-cc.cudagraph_capture_sizes+", "1,2,4")), on=H100),
        _GRAPHS_TWICE,
    ),
    "a longest graph of a field and another of an object": (
        setup_of(replace(GRAPHS, extra_args=('-cc={"max_cudagraph_capture_size":256}',)), on=H100),
        _GRAPHS_TWICE,
    ),
    "a parser of tools among the arguments that the registry lacks": (
        given("--enable-auto-tool-choice", "--tool-call-parser=hermess"),
        no(
            EXTRA,
            "--tool-call-parser hermess",
            Why.PARSER_UNKNOWN,
            "vLLM 0.32 has no parser of this name and would fail to start",
            "did you mean hermes?",
        ),
    ),
    "a parser of reasoning among the arguments that resembles none": (
        given("--reasoning-parser", "zzz"),
        no(
            EXTRA,
            "--reasoning-parser zzz",
            Why.PARSER_UNKNOWN,
            "vLLM 0.32 has no parser of this name and would fail to start",
            "write the parser that the model's card names, for instance deepseek_r1",
        ),
    ),
    "more active than a small step holds": (
        setup_of(replace(RELEASED, max_batched_tokens=256, extra_args=("--max-num-active-seqs=600",)), on=H100),
        no(
            EXTRA,
            "--max-num-active-seqs 600",
            Why.ARGUMENT_CONFLICTS,
            "a batch holds at most 256 requests",
            "write 256 or less, or raise spec.engine.batching.maxSequences",
        ),
    ),
    "a long prompt that is longer than any": (
        setup_of(replace(RELEASED, max_context_tokens=8192, extra_args=("--long-prefill-token-threshold=9000",))),
        no(
            EXTRA,
            "--long-prefill-token-threshold 9000",
            Why.ARGUMENT_CONFLICTS,
            "no prompt is longer than spec.engine.context.maxTokens, 8192",
            "write 8192 or less",
        ),
    ),
    "a connector of memory that moves": (
        setup_of(replace(RELEASED, extra_env=EXPANDABLE, extra_args=(CONNECTED,))),
        _MOVING,
    ),
    "main memory for blocks of memory that moves": (
        setup_of(replace(RELEASED, extra_env=EXPANDABLE, host_memory_bytes=8 << 30)),
        _MOVING,
    ),
    "offloading of memory that moves": (
        setup_of(replace(RELEASED, extra_env=EXPANDABLE, extra_args=("--kv-offloading-size", "4"))),
        _MOVING,
    ),
}
"""Settings that contradict one another."""

RUNS: Final[dict[str, EngineSetup]] = {
    "a draft whose heads the GPUs share": setup_of(
        replace(RELEASED, speculation=WITH_DRAFT), draft=DRAFT_OF_FOURTEEN, parallelism=Parallelism(tensor=2)
    ),
    "an EAGLE head and its model in buckets": setup_of(replace(RELEASED, speculation=EAGLE), source=BUCKET),
    "an EAGLE head in a bucket with a loader that streams": setup_of(
        replace(RELEASED, speculation=EAGLE, extra_args=("--load-format=RunAI_Streamer",))
    ),
    "a draft model in a bucket, for which vLLM changes the loader": setup_of(
        replace(RELEASED, speculation=replace(WITH_DRAFT, draft=BUCKET))
    ),
    "the model's own layers": setup_of(replace(RELEASED, speculation=MTP), shape=LATENT),
    "a model in a bucket with its loader": setup_of(
        replace(RELEASED, extra_args=("--load-format", "runai_streamer")), source=BUCKET
    ),
    "adapters of attention alone, divided by their rank": setup_of(
        replace(SHARDED, extra_args=(*SHARDED.extra_args, "--lora-target-modules", "q_proj")),
        shape=MIXTURE,
        parallelism=Parallelism(tensor=2),
    ),
    "adapters of experts that one GPU holds": setup_of(SHARDED, shape=MIXTURE),
    "adapters of experts that are divided, by their rank too": setup_of(
        replace(SHARDED, extra_args=("--fully-sharded-loras",)), shape=MIXTURE, parallelism=Parallelism(tensor=2)
    ),
    "a loader in capitals": given("--load-format=Safetensors"),
    "the same longest graph twice": setup_of(
        replace(GRAPHS, extra_args=('-cc={"max_cudagraph_capture_size":512}',)), on=H100
    ),
    "a longest graph on a GPU nobody knows, which may cut the other": setup_of(
        replace(GRAPHS, extra_args=('-cc={"max_cudagraph_capture_size":256}',)), on=None
    ),
    "sizes in an object that later keys replace": setup_of(
        replace(GRAPHS, extra_args=('-cc={"cudagraph_capture_sizes":[1]}', "-cc.mode=3", "-cc.pass_config.x=true")),
        on=H100,
    ),
    "a configuration that only the parser can refuse beside graph sizes": setup_of(
        replace(GRAPHS, image="registry.test/own:1", extra_args=("-cc", "[1]")), on=H100
    ),
    "a parser of tools that nobody asks for": given("--tool-call-parser=hermess"),
    "no parser at all": given("--reasoning-parser="),
    "a parser of reasoning that a plugin brings": given("--reasoning-parser=own", "--reasoning-parser-plugin=/own.py"),
    "a long prompt in a context nobody gave": given("--long-prefill-token-threshold=999999"),
    "a connector of memory that moves outside of its pool": setup_of(
        replace(RELEASED, extra_env=EXPANDABLE, extra_args=(CONNECTED, "--enable-cumem-allocator"))
    ),
    "a connector of an engine that sleeps": setup_of(
        replace(RELEASED, sleeps=True, extra_env=EXPANDABLE, extra_args=(CONNECTED,))
    ),
    "memory that moves and stays": setup_of(replace(RELEASED, extra_env=EXPANDABLE)),
    "no offloading of memory that moves": setup_of(
        replace(RELEASED, extra_env=EXPANDABLE, extra_args=("--kv-offloading-size=None",))
    ),
    "values as the parser takes them": given(
        *("--enable-log-requests", "--no-async-scheduling", "--seed", "1_000", "--max-num-queued-tokens=2.5k"),
        *("--kv-cache-memory-bytes", "8G", "--max-num-scheduled-tokens=None", "--moe-backend=Deep-Gemm"),
        *("--ignore-patterns", "a", "b", "--compilation-config={}", "--hf-overrides=a", '--hf-overrides={"a": 1}'),
        *(
            "--allowed-origins",
            '["*"]',
            "--safetensors-load-strategy=None",
            "--enable-force-incl",
            "--mm-processor-device",
        ),
        *("cuda", "--watermark", "0", "-O", "2", "-cc.mode", "3", "--collect-detailed-traces", "model"),
    ),
}
