"""What `make demo` shows: a cluster with GPUs, the operator, two models, traffic, and what to look at.

Grows with the product; shows only what works today. Its one verb: to show.
"""
