"""vLLM 0.32 as data: which flags a spec becomes, what it refuses, its metric names, and how it ends.

Every fact was read or observed in that release; another release is checked against these tables before it is allowed.
Never imports the engine. Its one verb: to describe.
"""
