"""What is claimed, an issue or a part a module: each runs real programs and reads a figure off them.

`make prove` runs these, so their coverage has a floor of its own. Never decides how a figure is kept or shown.
"""
