"""SGLang 0.5.23 on a node's processor: what is refused there, and how its pods are set up.

Each row names the file of SGLang that it was read in; its server was run with a tiny model, without its kernels. It
knows no GPU and decides no memory.
"""
