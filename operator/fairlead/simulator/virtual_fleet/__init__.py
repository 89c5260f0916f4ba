"""Virtual time: arrivals, replicas with cold starts, a router between them, and the tale of every request.

The queue orders events by time, rank and serial; a seed replays the day bit for bit. Opens no file, draws no chance
of its own, and decides nothing that the deciding rooms decide: balancing and scaling are handed in.
"""
