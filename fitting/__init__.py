"""Fits of step times to published runs, and comparisons with recorded ones: for benchmarks, never in the image.

`fairlead.simulator.timing` holds the arithmetic and the packaged results; what computes those results is here.
"""
