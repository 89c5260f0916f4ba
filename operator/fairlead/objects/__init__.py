"""The manifest of each child, whole: its name, labels and owner reference included.

Builds fresh objects from spec and facts. Never plans and never reads the cluster. Its one verb: to build.
"""
