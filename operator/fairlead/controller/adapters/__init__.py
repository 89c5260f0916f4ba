"""The Adapter kind: which adapters a deployment serves, the list for its replicas, and what they report.

Which replica loads which adapter is decided in `adapting`.
"""
