"""vLLM V1's scheduler without the GPU: which requests the next step computes, their KV blocks, and its length.

The same code runs on virtual time and in `fairlead engine`. It uses no clock, socket or tokenizer.
"""
