"""Whether a candidate is as good as what serves, by paired answers, durations and faults, and how sure that is.

Pure; it sends no request and scores no answer. Its one verb: to compare.
"""
