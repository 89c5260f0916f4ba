"""Evaluations in a cluster: their items are read, and both revisions of a canary answer them, beside the reconcile.

What is right and what follows is decided in `evaluating` and `comparing`. Its one verb: to run.
"""
