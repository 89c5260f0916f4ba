"""Parsing, framing and the life cycle of HTTP messages: bytes in, typed events out, and back.

This package uses no socket, clock or event loop, so that tests can cut every message at every byte. Its one verb: to
frame.
"""
