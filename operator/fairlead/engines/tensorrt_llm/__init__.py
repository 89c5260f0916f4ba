"""TensorRT-LLM's `trtllm-serve`, as data: which keys and flags a spec becomes, what it refuses, what its metrics are
called, how it ends.

Every fact was read, in files of its repository of late 2026 and in NVIDIA's documents, and none was run: it needs CUDA.
A refusal names the place. Never imports the engine. Its one verb: to describe.
"""
