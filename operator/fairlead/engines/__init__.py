"""What a serving engine is, as data: arguments from a spec, limits, metric names, what its health means.

Text in, facts out; each kind is a folder and a row in `catalogue`. Never speaks HTTP. Its one verb: to describe.
"""
