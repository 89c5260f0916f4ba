"""The exact response cache: a repeated deterministic request is answered without an engine.

It knows which requests have one possible response, which responses are complete, and which tenant may get them. It
holds bytes within bounds, joins equal requests in flight, and shares entries with other routers where a Redis or Valkey
is configured. It never chooses an engine, never serves another tenant's or revision's response, never stores a part of
one. Its one verb: to remember.
"""
