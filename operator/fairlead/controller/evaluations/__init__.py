"""Evaluations in a cluster: reads their items and has both revisions of a canary answer them, outside the reconcile.

Which answers are right and what follows is decided in `evaluating` and `comparing`. Its one verb: to run.
"""
