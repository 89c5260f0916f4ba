"""Sends an evaluation's items to a baseline and a candidate, a bounded number at a time, and keeps each answer at once.

What is sent, what is right and what follows is decided in `evaluating` and `comparing`. Its one verb: to run.
"""
