"""Builds the complete manifest of each child, with its name, labels and owner reference.

Builds fresh objects from spec and facts; never plans, and never reads the cluster. Its one verb: to build.
"""
