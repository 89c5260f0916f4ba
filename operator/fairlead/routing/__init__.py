"""Which endpoint serves a request: now, later, or not at all and why.

This package knows prefix blocks, load bounds, fairness, lanes and budgets; `models` knows the routes of a gateway, and
`answers`, which alone reads bytes, whether an answer passes. It never touches sockets or pydantic. Its one verb: to
choose.
"""
