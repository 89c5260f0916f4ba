"""The families of TensorRT-LLM that the emulator exposes: `metrics/collector.py`.

Its page has three times as many; the missing ones describe parts that are not emulated. Each has the labels
`model_name` and `engine_type` beside its own.
"""

from typing import Final

from fairlead.telemetry.metric_family import MetricPrefix

_TENSORRT: Final = MetricPrefix("trtllm_", bound_format="")

_WHOLE: Final = (
    *(0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 120.0, 240.0, 480.0, 960.0),
    *(1920.0, 7680.0),
)
_FIRST_TOKEN: Final = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0),
    *(160.0, 640.0, 2560.0),
)
_TOKEN: Final = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0),
)
_PREFILL: Final = (
    *(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 640.0, 2560.0),
)

MODEL: Final = _TENSORRT.gauge("model_config_info", "Settings of the model.", "model", "dtype")
PARALLEL: Final = _TENSORRT.gauge("parallel_config_info", "Settings of parallelism.", "tp_size", "pp_size")
CACHE: Final = _TENSORRT.gauge("kv_cache_config_info", "Settings of the KV cache.", "page_size", "enable_block_reuse")

SUCCESS: Final = _TENSORRT.counter("request_success", "Requests that ended well.", "finished_reason")
ERRORS: Final = _TENSORRT.counter("request_error", "Requests that got an error.", "http_code")
PROMPT: Final = _TENSORRT.counter("prompt_tokens", "Prompt tokens of requests that ended.")
CACHED: Final = _TENSORRT.counter("prompt_cached_tokens", "How many of them the cache held.")
GENERATED: Final = _TENSORRT.counter("generation_tokens", "Generated tokens of requests that ended.")

RUNNING: Final = _TENSORRT.gauge("num_requests_running", "Requests in the batch when the last step began.")
WAITING: Final = _TENSORRT.gauge("num_requests_waiting", "Requests that wait for the batch.")
MAX_RUNNING: Final = _TENSORRT.gauge("max_num_active_requests", "Requests that the batch holds at most.")
READING: Final = _TENSORRT.gauge("num_context_requests", "Prompts in the last step.")
WRITING: Final = _TENSORRT.gauge("num_generation_requests", "Requests in the last step that were given a token.")
PAUSED: Final = _TENSORRT.gauge("num_paused_requests", "Requests put back because memory was short.")
USAGE: Final = _TENSORRT.gauge("kv_cache_utilization", "Share of the KV cache in use, 1 being all of it.")
BLOCKS: Final = _TENSORRT.gauge("kv_cache_max_blocks", "Blocks of the KV cache.")
FREE: Final = _TENSORRT.gauge("kv_cache_free_blocks", "Blocks that are free.")
USED: Final = _TENSORRT.gauge("kv_cache_used_blocks", "Blocks in use.")
BLOCK_TOKENS: Final = _TENSORRT.gauge("kv_cache_tokens_per_block", "Tokens of a block.")
COMPLETED: Final = _TENSORRT.counter("num_requests_completed", "Requests that ended in any step.")
DRAFTED: Final = _TENSORRT.counter("spec_decode_num_draft_tokens", "Drafted tokens.")
ACCEPTED: Final = _TENSORRT.counter("spec_decode_num_accepted_tokens", "Drafted tokens that were accepted.")

FIRST_TOKEN: Final = _TENSORRT.histogram("time_to_first_token_seconds", "Arrival to first token.", _FIRST_TOKEN)
PER_TOKEN: Final = _TENSORRT.histogram("time_per_output_token_seconds", "Mean time a token, by request.", _TOKEN)
END_TO_END: Final = _TENSORRT.histogram("e2e_request_latency_seconds", "Arrival to end.", _WHOLE)
QUEUE: Final = _TENSORRT.histogram("request_queue_time_seconds", "Arrival to first step.", _WHOLE)
PREFILL: Final = _TENSORRT.histogram("request_prefill_time_seconds", "First step to first token.", _PREFILL)
DECODE: Final = _TENSORRT.histogram("request_decode_time_seconds", "First token to last.", _WHOLE)
INFERENCE: Final = _TENSORRT.histogram("request_inference_time_seconds", "First step to last token.", _WHOLE)
HISTOGRAMS: Final = (END_TO_END, FIRST_TOKEN, PER_TOKEN, QUEUE, PREFILL, DECODE, INFERENCE)
