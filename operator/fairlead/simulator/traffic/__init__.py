"""Who asks what, and when: recorded traffic and made-up traffic as one lazy row of arrivals.

Reads lines that are handed in, never a file. Holds no more than one window, or the sessions that are open.
"""
