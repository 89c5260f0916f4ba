"""vLLM V1's scheduler without the GPU: who is in the next step, which pages it takes, and how long it lasts.

The same arithmetic on virtual time and behind `fairlead engine`. Never knows a clock, a socket or a tokenizer.
"""
