"""The outside world: the API server, the engine pods and files, and the only place that opens any of them.

Observes, applies, watches, retries, and gathers what it saw into `fleet` values. Never decides and never
builds. Its one verb: to reach.
"""
