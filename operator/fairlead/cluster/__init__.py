"""Access to the API server, to pods and to files; no other package opens any of them.

Reads, applies, watches, retries, and converts what it observed to `fleet` values. Never decides and never builds. Its
one verb: to reach.
"""
