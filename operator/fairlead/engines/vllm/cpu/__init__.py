"""vLLM 0.32 on a node's processor: what its build for CPUs refuses or ignores, and how its pods are set up.

Each row names the file and the symbol of vLLM 0.32.0 that it was read in. It knows no GPU and decides no memory.
"""
