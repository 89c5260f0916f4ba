"""Searches for bugs by running random sequences of edits and faults on a real cluster and checking the status.

Knows nothing of how the controller decides: an observer of raw pods, nodes and router pages determines what must hold,
and a status that contradicts it for longer than observing takes is a lie. A failing sequence is shrunk to a short story
and kept. Its one verb: to hunt.
"""
