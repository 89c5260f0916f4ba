"""The engine's counts, and the exposition that vLLM 0.32 would serve: names, types, labels, buckets, zero children.

Counts are plain numbers, incremented where things happen and read at a scrape.
"""
