"""Bytes in, closed events out, and back: parsing, framing and the lifecycle of a request.

Never knows a socket, a clock or a loop, so that its tests may cut every message at every byte.
Its one verb: to frame.
"""
