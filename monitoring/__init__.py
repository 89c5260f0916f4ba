"""Dashboards, recording rules and alerts as code: which queries show what our processes say of themselves.

Texts by path, written and compared by others; no part of the image, and no process reads any of it. Its one verb: to
render.
"""
