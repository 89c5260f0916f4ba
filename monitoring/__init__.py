"""Dashboards, recording rules and alerts as code: the queries that show what our processes report.

Texts by path, written or compared elsewhere; not part of the image, and read by no process. Its one verb: to render.
"""
