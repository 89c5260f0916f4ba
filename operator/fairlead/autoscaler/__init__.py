"""The scaling loop: observe, recommend, publish, record.

Writes what it recommends, did and learnt, and nothing else. Never touches a workload. Its one verb: to advise.
"""
