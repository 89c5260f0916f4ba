"""Every flag of the parser of vLLM 0.32.0; written by `python -m house.vllm_flags`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_KINDS: Final = {
    "amount": """
max-model-len max-num-batched-tokens safetensors-prefetch-block-size
""",
    "amount?": """
kv-cache-memory-bytes max-num-queued-tokens max-num-scheduled-tokens
""",
    "folded": """
device-ids linear-backend moe-backend sparse-indexer-topk-backend
""",
    "integer": """
-asc -dcp -dp -dpl -dpn -dpp -dpr -n -pcp -pp -r -tp api-server-count block-size cp-kv-cache-interleave-size
data-parallel-rank data-parallel-rpc-port data-parallel-size data-parallel-size-local data-parallel-start-rank
data-parallel-supervisor-port dbo-decode-token-threshold dbo-prefill-token-threshold
dcp-kv-cache-interleave-size decode-context-parallel-size dp-supervisor-probe-failure-threshold dp-sync-interval
elastic-ep-max-dp-size h11-max-header-count h11-max-incomplete-event-size long-prefill-token-threshold
mamba-cache-philox-rounds master-port max-cudagraph-capture-size max-logprobs max-lora-rank max-loras
max-num-seqs mm-shm-cache-max-object-size-mb nnodes node-rank offload-group-size offload-num-in-group
offload-prefetch-step pipeline-parallel-size port prefill-context-parallel-size prefill-schedule-interval
renderer-num-workers replayssm-buffer-len safetensors-prefetch-num-threads seed shutdown-timeout spec-tokens
sse-keep-alive-interval ssl-cert-reqs stream-interval tensor-parallel-size ubatch-size
""",
    "integer+": """
cudagraph-capture-sizes
""",
    "integer?": """
cpu-distributed-timeout-seconds distributed-timeout-seconds grpc-port mamba-block-size max-cpu-loras max-log-len
max-lora-cls-labels max-num-active-seqs max-num-queued-reqs max-parallel-loading-workers num-gpu-blocks-override
prefix-cache-retention-interval prefix-match-unit
""",
    "integer?+": """
numa-bind-nodes
""",
    "json": """
allowed-headers allowed-methods allowed-origins default-chat-template-kwargs limit-mm-per-prompt media-io-kwargs
model-class-overrides override-generation-config
""",
    "json?": """
-dc -sc custom-histogram-buckets default-mm-loras diffusion-config mm-processor-kwargs speculative-config
watermark-config
""",
    "number": """
cpu-offload-gb device-memory-utilization dp-supervisor-probe-interval-s dp-supervisor-probe-timeout-s
gpu-memory-utilization kv-cache-metrics-sample mm-encoder-fp8-scale-save-margin mm-ipc-gpu-memory-gb
mm-processor-cache-gb watermark
""",
    "number?": """
kv-offloading-size video-pruning-rate
""",
    "object": """
-ac -cc attention-config aux-output-config compilation-config ec-manager-config eplb-config
fault-tolerance-config ir-op-priority kernel-config logging-config profiler-config structured-outputs-config
""",
    "object?": """
ec-transfer-config engram-config kv-events-config kv-transfer-config pooler-config quantization-config
reasoning-config weight-transfer-config
""",
    "switch": """
-dpe -dph -dpm -ep -h aggregate-engine-logging allow-credentials allow-deprecated-quantization async-scheduling
cohere-is-reasoning-model cudagraph-metrics data-parallel-external-lb data-parallel-hybrid-lb
data-parallel-multi-port-external-lb dcp-q-replicate disable-cascade-attn disable-chunked-mm-input
disable-custom-all-reduce disable-fastapi-docs disable-hybrid-kv-cache-manager disable-log-stats
disable-nccl-for-dp-synchronization disable-sliding-window disable-uvicorn-access-log enable-auto-tool-choice
enable-batch-sharded-sampling enable-chunked-prefill enable-cumem-allocator enable-dbo enable-elastic-ep
enable-ep-weight-filter enable-eplb enable-expert-parallel enable-fault-tolerance enable-flash-late-interaction
enable-flashinfer-autotune enable-force-include-usage enable-hc-sp enable-layerwise-nvtx-tracing
enable-log-deltas enable-log-outputs enable-log-requests enable-logging-iteration-details enable-lora
enable-mamba-cache-stochastic-rounding enable-mamba-shared-prefix-checkpoint enable-mfu-metrics
enable-mixed-moe-lora-format enable-mm-embeds enable-moe-shared-loras enable-nccl-comm-suspend
enable-offline-docs enable-per-request-metrics enable-prefix-caching enable-prompt-embeds
enable-prompt-tokens-details enable-request-id-headers enable-return-routed-experts enable-scale-out
enable-server-load-tracking enable-shm-tensor-arena enable-sleep-mode enable-ssl-refresh
enable-tokenizer-info-endpoint enable-tower-connector-lora enable-trace-replay enforce-eager
exclude-tools-when-tool-choice-none fail-on-environ-validation fully-sharded-loras grpc headless help
interleave-mm-strings jit-monitor-verbose kv-cache-metrics kv-sharing-fast-prefill language-model-only
log-error-stack long-prefill-token-threshold-adaptive mm-device-do-normalize mm-encoder-only numa-bind
ray-workers-use-nsight return-sampling-mask return-tokens-as-token-ids scheduler-reserve-full-isl
skip-mm-profiling skip-tokenizer-init sleep-mode-offload-cudagraph specialize-active-lora swa-bounded-replay
tokens-only trust-remote-code trust-request-chat-template trust-request-mm-kwargs use-fp64-gumbel use-replayssm
use-tqdm-on-load
""",
    "text": """
-dpa -dpb all2all-backend allowed-local-media-path anthropic-disabled-thinking-effort
chat-template-content-format cohere-format config config-format convert data-parallel-address
data-parallel-backend dtype expert-placement-strategy fingerprint-mode gdn-prefill-backend generation-config
jit-monitor-mode kda-decode-backend kda-prefill-backend kv-cache-dtype kv-offloading-backend load-format
log-config-file log-level logprobs-mode lora-dtype mamba-backend mamba-cache-dtype mamba-cache-mode
mamba-ssm-cache-dtype master-addr middleware mm-encoder-tp-mode mm-hasher-algorithm mm-processor-cache-type
mm-processor-device mm-tensor-ipc model model-impl offload-backend optimization-level
per-request-spec-decode-metrics performance-mode prefix-caching-hash-algo reasoning-parser
reasoning-parser-plugin response-role runner scheduling-policy tokenizer tokenizer-mode tool-parser-plugin
tool-strict-level uvicorn-log-level video-pruning-method worker-cls worker-extension-cls
""",
    "text+": """
cpu-offload-params ignore-patterns kv-cache-dtype-skip-layers offload-params sleep-preserve-parameter-names
""",
    "text-or-object": """
additional-config hf-overrides model-loader-extra-config pt-load-map-location
""",
    "text?": """
-q attention-backend chat-template code-revision dcp-comm-backend disable-access-log-for-endpoints
distributed-executor-backend download-dir fingerprint-value hf-config-path host io-processor-plugin
mamba-ssu-algorithm mm-encoder-attn-backend mm-encoder-attn-dtype mm-encoder-fp8-scale-path
mm-encoder-fp8-scale-save-path otlp-traces-endpoint quantization revision root-path safetensors-load-strategy
scheduler-cls show-hidden-metrics-for-version spec-method spec-model ssl-ca-certs ssl-certfile ssl-ciphers
ssl-keyfile tokenizer-revision tool-call-parser tool-server uds
""",
    "text?+": """
allowed-media-domains api-key collect-detailed-traces logits-processors lora-modules lora-target-modules
numa-bind-cpus served-model-name
""",
    "text~": """
hf-token
""",
}

_CHOICES: Final = """
all2all-backend allgather_reducescatter deepep_high_throughput deepep_low_latency deepep_v2 flashinfer_all2allv
flashinfer_nvlink_one_sided flashinfer_nvlink_two_sided moonep mori_high_throughput mori_low_latency naive
nixl_ep pplx; anthropic-disabled-thinking-effort auto high low max medium none xhigh;
chat-template-content-format auto openai string; collect-detailed-traces all model worker; convert auto classify
embed none; dcp-comm-backend a2a ag_rs; dtype auto bfloat16 float float16 float32 half;
expert-placement-strategy linear round_robin; fingerprint-mode custom full hash none; gdn-prefill-backend
flashinfer triton cutedsl aiter_flydsl; jit-monitor-mode error warn; kda-decode-backend auto native flashinfer
triton; kda-prefill-backend auto triton flashkda flashinfer fused; kv-cache-dtype auto bfloat16 float16 fp8
fp8_ds_mla fp8_e4m3 fp8_e5m2 fp8_inc fp8_per_token_head int4_per_token_head int8_per_token_head nvfp4
nvfp4_4over6 nvfp4_ds_mla turboquant_3bit_nc turboquant_4bit_nc turboquant_k3v4_nc turboquant_k8v4
ultraquant_4bit; kv-offloading-backend lmcache native; linear-backend aiter auto b12x conch cutlass deep_gemm
emulation exllama fbgemm flashinfer_b12x flashinfer_cudnn flashinfer_cutedsl flashinfer_cutlass
flashinfer_trtllm humming machete marlin torch triton xpu xpu_woq; log-level CRITICAL ERROR WARNING INFO DEBUG
NOTSET; logprobs-mode processed_logits processed_logprobs raw_logits raw_logprobs; lora-dtype auto bfloat16
float16; mamba-cache-dtype auto bfloat16 float16 float32; mamba-cache-mode align none; mamba-ssm-cache-dtype
auto bfloat16 float16 float32; mamba-ssu-algorithm auto horizontal simple vertical; max-lora-rank 1 8 16 32 64
128 256 320 512; mm-encoder-attn-dtype fp8; mm-encoder-tp-mode data weights; mm-hasher-algorithm blake3 sha256
sha512; mm-processor-cache-type lru shm; mm-tensor-ipc direct_rpc torch_shm; moe-backend aiter aiter_mega_moe
aiter_triton_mxfp4_bf16 auto b12x batched_triton cutlass deep_gemm deep_gemm_mega_moe emulation flashinfer_b12x
flashinfer_cutedsl flashinfer_cutlass flashinfer_moe_ep_cutedsl flashinfer_moe_ep_mega_deep_gemm
flashinfer_trtllm flydsl hpc humming marlin rdna3 triton triton_unfused; offload-backend auto prefetch uva;
per-request-spec-decode-metrics detailed none summary; performance-mode balanced interactivity throughput;
prefix-caching-hash-algo sha256 sha256_cbor xxhash xxhash_cbor; runner auto draft generate pooling;
safetensors-load-strategy eager lazy prefetch torchao; scheduling-policy fcfs priority;
sparse-indexer-topk-backend aiter auto cooperative deep_select flashinfer per_row persistent torch; spec-method
bailing_hybrid_mtp bailing_hybrid_v3_mtp custom_class deepseek_mtp dflash dots3_note_mtp draft_model dspark
eagle eagle3 ernie_mtp exaone4_5_mtp exaone_moe_mtp extract_hidden_states gemma4_mtp glm4_moe_lite_mtp
glm4_moe_mtp glm5_next_mtp glm_ocr_mtp hy_v3_mtp hy_v4_mtp inkling_mtp kimi_k3_mtp longcat_flash_mtp medusa
mimo_mtp mimo_v2_mtp minimax_m3_mtp mlp_speculator mtp nemotron_h_mtp ngram ngram_gpu pangu_ultra_moe_mtp
qwen3_5_mtp qwen3_next_mtp qwen4_exp_mtp step3p5_mtp suffix; tool-strict-level auto function parameter;
uvicorn-log-level critical debug error info trace warning; video-pruning-method evs vidcom2
"""

_BOUNDS: Final = """
-dcp >=1; -dp >=1; -dpl >=0; -dpn >=0; -dpp >=1 <=65535; -n >=1; -pcp >=1; -pp >=1; -r >=0; -tp >=1; block-size
>0; cpu-offload-gb >=0; data-parallel-rank >=0; data-parallel-rpc-port >=1 <=65535; data-parallel-size >=1;
data-parallel-size-local >=0; dbo-decode-token-threshold >=0; dbo-prefill-token-threshold >=0;
decode-context-parallel-size >=1; device-memory-utilization >0 <=1; dp-sync-interval >=1; elastic-ep-max-dp-size
>=1; gpu-memory-utilization >0 <=1; kv-cache-metrics-sample >0 <=1; long-prefill-token-threshold >=0;
mamba-block-size >0; max-logprobs >=-1; max-num-active-seqs >=1; max-num-batched-tokens >=1; max-num-queued-reqs
>=0; max-num-queued-tokens >=0; max-num-scheduled-tokens >=1; max-num-seqs >=1; max-parallel-loading-workers
>=1; nnodes >=1; node-rank >=0; offload-group-size >=0; offload-num-in-group >=1; offload-prefetch-step >=0;
pipeline-parallel-size >=1; prefill-context-parallel-size >=1; prefill-schedule-interval >=1;
prefix-cache-retention-interval >=0; prefix-match-unit >0; replayssm-buffer-len >0;
safetensors-prefetch-block-size >=1; safetensors-prefetch-num-threads >=1; stream-interval >=1;
tensor-parallel-size >=1; ubatch-size >=0; watermark >=0 <1
"""

_LOAD_FORMATS: Final = """
auto dummy fastsafetensors hf instanttensor ipc_cache mistral modelexpress npcache pt runai_streamer
runai_streamer_sharded safetensors sharded_state tensorizer
"""


def _rows(text: str) -> Mapping[str, tuple[str, ...]]:
    words = (row.split() for row in text.split(";"))
    return MappingProxyType({flag: tuple(rest) for flag, *rest in words})


KINDS: Final = MappingProxyType({flag: kind for kind, flags in _KINDS.items() for flag in flags.split()})
"""What each flag takes. With `?` also nothing or `None`, with `+` several values, with `~` perhaps no value."""

LONG: Final = frozenset(flag for flag in KINDS if not flag.startswith("-"))
"""Without their dashes."""

SHORT: Final = frozenset(KINDS) - LONG

CHOICES: Final = _rows(_CHOICES)
BOUNDS: Final = _rows(_BOUNDS)
LOAD_FORMATS: Final = tuple(_LOAD_FORMATS.split())
