"""Serves admission: Kopf's watches and webhook, and the certificates that the API server trusts."""
