"""The scaling loop: observe, recommend, publish, record.

Writes recommendations, their effects and what was learnt, and never touches a workload. Its one verb: to advise.
"""
