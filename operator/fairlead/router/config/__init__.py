"""A router's configuration, from text to values: a file that the operator rendered, or one that a person wrote.

This package never touches a request, a socket or a clock. Its one verb: to read.
"""
