"""Decides how many replicas a deployment needs.

`recommend(facts, memory, now)` weighs cold starts, cost and objectives, and returns a recommendation and the next
memory. Nothing here knows about Kubernetes or an engine's metric names.
"""
