"""Tuned on one part of recorded traffic, evaluated on the other: Fairlead and its alternatives."""
