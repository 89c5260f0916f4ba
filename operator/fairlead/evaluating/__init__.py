"""Evaluation logic: item files, requests for items, scorers of answers, and the journal of a run.

Pure; opens no file and sends nothing. Its one verb: to score.
"""
