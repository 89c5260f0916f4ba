"""Routers of a gateway as processes, in front of APIs of this process that answer by a function and know the truth."""
