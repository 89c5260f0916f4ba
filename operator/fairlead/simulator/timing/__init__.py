"""How long a step lasts: physical coefficients of a model on a GPU, where they come from, and how wrong they were.

A fit to measurements where there is one, the catalogue's roofline with a stated efficiency otherwise.
"""
