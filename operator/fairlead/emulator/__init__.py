"""vLLM's HTTP surface without a GPU: the simulator's engine in real time, replies of the right length, ordered faults.

Speaks vLLM 0.32's API and knows nothing of the fleet around it; scheduling is decided by `simulator` alone.
"""
