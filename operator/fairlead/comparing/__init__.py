"""Compares a candidate with the serving baseline by paired answers, durations and faults, with confidence bounds.

Pure; sends no request and scores no answer. Its one verb: to compare.
"""
