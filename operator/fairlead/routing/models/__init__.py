"""Which target of a gateway answers a request, and which ones after it. Pure; its one verb: to choose.

What a target answered is judged elsewhere, and what it cost is reckoned elsewhere.
"""
