"""What the routers of one deployment or gateway report to each other, and how each uses it. Pure; its one verb: to
share.

Datagrams come in and go out as bytes; the caller owns the socket, the clock and the randomness.
"""
