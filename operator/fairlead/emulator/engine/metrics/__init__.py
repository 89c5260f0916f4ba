"""What the engine counted, and the page that vLLM 0.32 would serve of it: names, types, labels, buckets, zero children.

Plain numbers are counted where things happen and read at a scrape.
"""
