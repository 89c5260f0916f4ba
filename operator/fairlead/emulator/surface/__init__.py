"""vLLM 0.32's HTTP surface: requests become jobs, tokens become responses and streams, errors have vLLM's words.

Knows neither the engine's clock nor its scheduler: the engine calls it through `jobs` and `engine_interface`.
"""
