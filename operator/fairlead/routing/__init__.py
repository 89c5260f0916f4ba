"""Chooses the endpoint that serves a request: now, later, or not at all and why.

Covers prefix blocks, load bounds, fairness, lanes and budgets. `models` holds the routes of a gateway; `answers`, the
only part that reads bytes, decides whether an answer passes. Never touches sockets or pydantic. Its one verb: to
choose.
"""
