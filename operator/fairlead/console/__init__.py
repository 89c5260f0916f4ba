"""Renders the console: facts of deployments, gateways and decisions in, HTML out.

Fetches nothing, opens no port and never writes to a cluster; `process` serves it. Its one verb: to show.
"""
