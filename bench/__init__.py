"""Benchmarks: each compares alternatives in one run and prints the ratio beside the figures.

Nothing here is a test: the machines are noisy, so a timed assertion would only teach people to rerun it.
"""
