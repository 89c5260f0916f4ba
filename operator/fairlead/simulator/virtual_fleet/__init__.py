"""Virtual time: arrivals, replicas with cold starts, a router between them, and statistics of all requests.

The queue orders events by time, rank and serial; a seed reproduces a day bit for bit. It opens no file and has no
randomness of its own; balancing and scaling are Fairlead's own code, which is passed in.
"""
