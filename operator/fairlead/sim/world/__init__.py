"""Virtual time: arrivals, replicas with cold starts, a router between them, and the tale of every request.

The queue orders events by time, rank and serial; a seed replays the day bit for bit.
"""
