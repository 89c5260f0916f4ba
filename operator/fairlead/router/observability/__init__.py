"""The router's metrics, access log and traces, from one record a request.

This package knows names of metrics and the format of lines; it decides nothing, and no request waits for it. Its one
verb: to tell.
"""
