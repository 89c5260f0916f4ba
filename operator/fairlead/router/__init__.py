"""The data plane: protocol callbacks, upstream connection pools and the queue; it applies what `routing` chose.

It parses no more JSON than it routes on, and makes no task per request. Its one verb: to forward.
"""
