"""vLLM 0.32 on a node's processor: what its CPU build refuses or ignores, and how its pods are set up.

Each row names the file and symbol of vLLM 0.32.0 where it was read. Knows no GPU and decides no memory.
"""
