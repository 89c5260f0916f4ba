"""How many replicas a deployment needs.

Weighs cold starts, cost and objectives in one `recommend(facts, memory, now)` that returns a recommendation and the
next memory. Never knows Kubernetes or an engine's metric names. Its one verb: to recommend.
"""
