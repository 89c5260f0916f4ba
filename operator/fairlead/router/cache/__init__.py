"""The exact response cache: a repeated deterministic request is answered without an engine.

It knows which requests have one possible response, which responses are complete, and which tenant may get them. It
keeps stored bytes within bounds, joins equal requests in flight, and shares entries with other routers if Redis or
Valkey is configured. It never chooses an engine, never serves another tenant's or revision's response, and never stores
a partial one. Its one verb: to remember.
"""
