"""Which target of a gateway answers a request, and which ones come next. Pure; its one verb: to choose.

Other packages check a target's answer and compute its cost.
"""
