"""Deployments simulated on recorded traffic: what their users would have seen, and what it would have cost.

Engines are the emulator's and decisions the product's own; nothing here reads a file, a clock or a cluster.
"""
