"""How long a step lasts: physical coefficients of a model on a GPU, their source, and their errors.

Uses a fit to measurements if there is one, otherwise the catalogue's roofline with a stated efficiency.
"""
