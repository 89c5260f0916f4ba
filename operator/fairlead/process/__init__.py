"""The shell that processes of the cluster share: start and end, ports, health, Events, the console, GPU room of nodes.

Joins `cluster`, `telemetry` and `planning` for the processes above it. Knows none of them and decides nothing of
theirs. Its one verb: to host.
"""
