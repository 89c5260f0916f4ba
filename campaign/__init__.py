"""A hunt for what a trial by hand would find: random sequences of edits and faults, told on a real cluster and judged.

Knows nothing of how the controller decides: an observer of raw pods, nodes and pages says what must hold, and whatever
the status says otherwise, for longer than it takes to look, is a lie. A sequence that fails is cut down to a short
story and kept. Its one verb: to hunt.
"""
