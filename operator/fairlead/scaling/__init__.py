"""How many replicas of which role the load asks for.

Weighs cold starts, cost and objectives in one `recommend(facts, memory, now)` that answers a recommendation
and the next memory. Never knows Kubernetes or an engine's metric names. Its one verb: to recommend.
"""
