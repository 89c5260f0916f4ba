"""Traffic: recorded and generated requests as one lazy sequence of arrivals.

Reads lines that are passed in, never a file. Keeps at most one window, or the open sessions, in memory.
"""
