"""What the routers of one deployment or gateway report to each other, and what each makes of it. Pure; its one verb: to
share.

Datagrams come in and go out as bytes; whoever sends them owns the socket, the clock and the chance.
"""
