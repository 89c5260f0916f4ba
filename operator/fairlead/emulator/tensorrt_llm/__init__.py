"""TensorRT-LLM's `trtllm-serve` emulated: its command line and options, HTTP surface, start and end, and metrics.

Facts come from its repository of late 2026 (files are named where it matters); it was never run, and what the files do
not say is refused, left out, or marked as simulated. It schedules as vLLM does, in blocks of 32 tokens, with step times
fitted for vLLM.
"""
