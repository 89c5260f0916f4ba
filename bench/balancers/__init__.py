"""Balancers that ours is compared with: published policies, reimplemented, and one that reads the engines' state.

The published ones see only what `ReplicaCandidate` has.
"""
