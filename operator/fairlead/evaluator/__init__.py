"""Sends an evaluation's items to a baseline and a candidate, with bounded concurrency, and keeps each answer at once.

`evaluating` and `comparing` decide what is sent, what is right and what follows. Its one verb: to run.
"""
