"""Fairlead: a Kubernetes operator for fleets of LLM engines.

Each folder below is a room with one paragraph of its own: what it knows, what it never does, its one verb.
Rooms whose name ends in -ing decide and touch no world; rooms whose name ends in -er act.
"""

__version__ = "0.1.0"
