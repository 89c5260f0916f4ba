"""The router's metrics, access log and traces, from one record per request.

This package knows metric names and line formats; it decides nothing, and no request waits for it. Its one verb: to
tell.
"""
