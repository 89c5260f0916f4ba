"""Whether a configuration fits, and which nearby ones would.

Computes memory and throughput as low, likely and high; a measurement always beats an estimate. Never downloads and
never reads a file. Its one verb: to size.
"""
