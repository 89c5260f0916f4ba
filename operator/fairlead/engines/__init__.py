"""Serving engines as data: the arguments that a spec becomes, limits, metric names, and what health checks mean.

Text in, facts out; each kind is a folder and a row in `catalogue`. Never speaks HTTP. Its one verb: to describe.
"""
