"""The scaling loop: observe, recommend, publish, record.

Writes its recommendation and nothing else. Never touches a workload. Its one verb: to advise.
"""
