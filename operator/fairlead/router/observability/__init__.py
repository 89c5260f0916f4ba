"""What the router says of itself: counts, access lines and spans, told by one record a request.

Knows names of metrics and the shape of lines; decides nothing, and nothing waits for it. Its one verb: to tell.
"""
