"""Other ways of choosing a replica, for comparison: what peers publish of theirs, in our own words, and a clairvoyant.

They see what `balancing.Candidate` shows; only the clairvoyant looks into engines.
"""
