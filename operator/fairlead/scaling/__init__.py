"""Decides how many replicas a deployment needs.

`recommend(facts, memory, now)` weighs cold starts, cost and objectives, and returns a recommendation and the next
memory. Never depends on Kubernetes or an engine's metric names. Its one verb: to recommend.
"""
