"""How TensorRT-LLM's `trtllm-serve` is emulated: its command line and options, its HTTP surface, its start and end,
its metrics.

Read in files of its repository of late 2026 (named where it matters), and never run: what they do not say is refused,
left out, or marked as simulated. It schedules as vLLM does, in blocks of 32 tokens, with step times fitted for vLLM.
"""
