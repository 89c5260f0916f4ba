"""`fairlead calibrate --sweep`: starts an engine, loads it as planned, and records its metrics and its log.

`simulator.sweep` decides what is measured and what follows from it.
"""
