"""The data plane: protocol callbacks, upstream connection pools and the queue; it applies what `routing` chose.

It parses no more JSON than routing needs and creates no task per request. Its one verb: to forward.
"""
