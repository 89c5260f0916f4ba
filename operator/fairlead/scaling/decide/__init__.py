"""Turns facts and estimates into a replica count: the signals' needs, the limits on them, and the reason. Pure."""
