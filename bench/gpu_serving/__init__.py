"""`python -m bench.gpu_serving`: a deployment's rendered command on the GPU at hand, loaded directly and through our
router.

It needs vLLM and a GPU in this interpreter and no cluster; weights are dummies, whose speed is that of true ones.
"""
