"""Which endpoint serves a request: now, later, or not at all and why.

This package knows prefix blocks, load bounds, fairness, lanes and budgets. It never touches bytes, sockets or pydantic.
Its one verb: to choose.
"""
