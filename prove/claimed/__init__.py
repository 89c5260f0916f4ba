"""The claims, one module per issue or part: each runs real programs and reads a figure from their output.

`make prove` runs these, so their coverage has a floor of its own. Never decides how a figure is kept or shown.
"""
