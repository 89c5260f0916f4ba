"""The scaling loop: observe, recommend, publish, record.

Writes recommendations, their effects and what was learnt, and nothing else. Never touches a workload. Its one verb: to
advise.
"""
