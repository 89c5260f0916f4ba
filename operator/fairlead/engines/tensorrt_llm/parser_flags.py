"""Every option of `trtllm-serve MODEL`, as `tensorrt_llm/commands/serve.py` adds them.

Its parser is click's: an option is spelled in full, mostly with underscores, and a few with dashes.
"""

from typing import Final

_FLAGS: Final = """
agent_percentage agent_types allow_request_chat_template backend chat_template cluster_size config
context_parallel_size cp_size custom_module_dirs custom_tokenizer disagg_cluster_uri enable_attention_dp
enable_chunked_prefill enable_visual_gen ep_size extra_llm_api_options free_gpu_memory_fraction generation-config
gpus_per_node grpc grpc-protocol hf_revision host kv_cache_dtype kv_cache_free_gpu_memory_fraction log_level
max_batch_size max_beam_width max_num_tokens max_seq_len media_io_kwargs metadata_server_config_file middleware
moe_cluster_parallel_size moe_expert_parallel_size no-telemetry num_input_processor_workers num_media_load_workers
num_postprocess_workers num_serve_frontends otlp_traces_endpoint pipeline_parallel_size port post_processor_hook
pp_size reasoning_parser report_addr revision served_model_name server_role set telemetry tensor_parallel_size
tokenizer tool_parser tp_size trust_remote_code video_pruning_rate visual_gen_args
"""
FLAGS: Final = frozenset(f"--{word}" for word in _FLAGS.split())
