"""What a serving engine is, as data: arguments from a spec, limits, metric names, what its health means.

Text in, facts out; vLLM first, another engine is one more module. Never speaks HTTP. Its one verb: to describe.
"""
