"""Which tenant a token of an OpenID issuer belongs to: its signature, audience, expiry, and the tenant that it names.

The router reads the issuer's keys; tokens are only proved and checked here. Pure; imported only where an issuer is
configured. Its one verb: to prove.
"""
