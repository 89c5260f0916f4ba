"""Tuned on one part of recorded traffic, judged on the other: Fairlead, and all that it can be played against."""
