"""vLLM 0.32's HTTP surface: requests into jobs, tokens into answers and streams, refusals in vLLM's words.

Knows no clock of the engine and no scheduler: what happens when is told by the engine behind `behind.Engine`.
"""
