"""Whose a token of an OpenID issuer is: its signature, whom it is for, until when, and the tenant that it names.

Reading the issuer's keys is the router's business; tokens are only proved and judged here. Pure; imported only where an
issuer is configured. Its one verb: to prove.
"""
