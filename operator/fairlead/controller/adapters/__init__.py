"""The Adapter kind: which adapters a deployment serves, the list for its replicas, and what they report.

Compatibility and placement are decided in `adapting`. Its one verb: to list.
"""
