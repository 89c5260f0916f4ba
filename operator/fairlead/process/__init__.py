"""The shell of all cluster processes: start and end, ports, health, Events, the console, GPU room on nodes.

Joins `cluster`, `telemetry` and `planning` for the processes above it. Knows none of them and decides nothing for them.
Its one verb: to host.
"""
