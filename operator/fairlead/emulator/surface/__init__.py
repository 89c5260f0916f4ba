"""vLLM 0.32's HTTP surface: turns requests into jobs and tokens into responses and streams, with vLLM's error messages.

Knows neither the engine's clock nor its scheduler: the engine calls it through `jobs` and `engine_interface`. Other
kinds share it and keep their differences in their own folders: a surface without a kind would be no server's.
"""
