"""vLLM's HTTP surface without a GPU: what routers, probes and scrapers meet, at a set pace, with faults to order.

Knows vLLM 0.32's words and nothing of the fleet around it; imports aiohttp and no other room. Its one verb: to pretend.
"""
