"""What SGLang 0.5.23's parser takes for the flags that the emulator acts on: `srt/arg_groups/fields`, `choices.py`."""

from typing import Final

DTYPES: Final = ("auto", "half", "float16", "bfloat16", "float", "float32")
CACHES: Final = ("auto", "fp8_e5m2", "fp8_e4m3", "mxfp8", "bf16", "bfloat16", "nvfp4", "fp4_mx_block16")
_QUANTIZATIONS: Final = """
awq fp8 mxfp8 gptq gptq_marlin awq_marlin bitsandbytes gguf modelopt modelopt_fp8 modelopt_fp4 nvfp4_online
modelopt_mixed petit_nvfp4 w8a8_int8 w8a8_fp8 moe_wna16 w4afp8 mxfp4 auto-round auto-round-int8 compressed-tensors
modelslim mxfp_w4a8 quark quark_int4fp8_moe quark_mxfp4 mlx_q4 mlx_q8 unquant humming
"""
QUANTIZATIONS: Final = tuple(_QUANTIZATIONS.split())
POLICIES: Final = (
    *("lpm", "random", "fcfs", "dfs-weight", "lof", "priority", "routing-key", "hrrn", "shortest-prefill-first"),
)
BALANCES: Final = ("auto", "round_robin", "follow_bootstrap_room", "total_requests", "total_tokens")
DRAFTING: Final = ("EAGLE", "EAGLE3", "NEXTN", "STANDALONE", "NGRAM")
"""Algorithms that are emulated."""
NOT_EMULATED: Final = ("DFLASH", "DSPARK", "UNO", "FROZEN_KV_MTP")
