"""Whether a simulation matches a real run: the same twenty minutes on a cluster and in `fairlead simulate`."""
