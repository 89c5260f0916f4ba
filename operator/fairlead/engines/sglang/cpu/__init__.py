"""SGLang 0.5.23 on a node's processor: what is refused there, and how its pods are set up.

Each row names the file of SGLang where it was read; its server was run with a tiny model, without its kernels. Knows no
GPU and decides no memory.
"""
