"""Parses a router's configuration from text to values: a file rendered by the operator or written by a person.

This package never touches a request, a socket or a clock. Its one verb: to read.
"""
