"""The show behind `make demo`: a cluster with GPUs, the operator, two models, traffic, and what to observe.

Grows with the product; shows only what works today. Its one verb: to show.
"""
