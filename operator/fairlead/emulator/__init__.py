"""An engine's HTTP surface without a GPU: the simulator's engine in real time, made-up replies, ordered faults.

Speaks vLLM 0.32's API, SGLang 0.5.23's or TensorRT-LLM's and knows nothing of the fleet around it; scheduling is
decided by `simulator` alone, and what differs between the kinds is behind `dialect`.
"""
