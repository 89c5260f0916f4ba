"""Whether a configuration fits, and which ones nearest to it would.

The arithmetic of memory and throughput as low, likely and high; a measurement always beats an estimate.
Never downloads and never reads a file. Its one verb: to size.
"""
