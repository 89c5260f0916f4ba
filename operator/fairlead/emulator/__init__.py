"""An engine's HTTP surface without a GPU: the simulator's engine in real time, generated replies, injected faults.

Speaks the API of vLLM 0.32, SGLang 0.5.23 or TensorRT-LLM and knows nothing of the fleet around it. `simulator` alone
decides scheduling; what differs between the kinds is behind `dialect`.
"""
