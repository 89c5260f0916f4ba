"""The data plane: protocol callbacks, upstream pools and the waiting room; applies what `routing` chose.

Never parses more JSON than it routes on, never makes a task per request. Its one verb: to forward.
"""
