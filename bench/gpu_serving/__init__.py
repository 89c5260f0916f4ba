"""`python -m bench.gpu_serving`: a deployment's rendered command on this GPU, loaded directly and through our router.

Needs vLLM and a GPU in this interpreter, but no cluster. Weights are dummies, which are as fast as real ones.
"""
