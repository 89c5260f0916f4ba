"""Which endpoint serves a request: now, later, or not at all and why.

Knows prefix blocks, load bounds, fairness, lanes and budgets. Never touches bytes, sockets or pydantic.
Its one verb: to choose.
"""
