"""The exact response cache: the same deterministic request, asked again, is answered without an engine.

Knows which requests have one answer only, which answers are whole, and who may be given whose. Holds bytes within
bounds, joins requests that ask the same at once, and, where a Redis or Valkey is named, shares with other routers.
Never chooses an engine, never gives an answer to another tenant or of another revision, never keeps half of one.
Its one verb: to remember.
"""
