"""Baselines for comparison: published balancing and scaling policies, reimplemented, and a clairvoyant balancer.

Balancers see only what `ReplicaCandidate` has; only the clairvoyant one reads engines' state.
"""
