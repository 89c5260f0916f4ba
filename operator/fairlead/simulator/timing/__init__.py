"""How long a step lasts: physical coefficients of a model on a GPU, where they come from, and their errors.

Uses a fit to measurements where there is one, otherwise the catalogue's roofline with a stated efficiency.
"""
