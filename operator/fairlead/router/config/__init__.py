"""What a router is told, from text to values: a file that the operator rendered, or one that a person wrote.

Never looks at a request, a socket or a clock. Its one verb: to read.
"""
