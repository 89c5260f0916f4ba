"""The outside world: the API server and the engine pods, and the only place that opens either connection.

Observes, applies, watches, retries, and gathers what it saw into `fleet` values. Never decides and never
builds. Its one verb: to reach.
"""
