"""TensorRT-LLM's `trtllm-serve` as data: which keys and flags a spec becomes, what it refuses, its metric names, and
how it ends.

Every fact was read, in its repository of late 2026 and in NVIDIA's documentation, and none was run: it needs CUDA. Each
refusal names its source. Never imports the engine. Its one verb: to describe.
"""
