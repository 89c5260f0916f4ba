"""`fairlead calibrate --sweep`: starts an engine, loads it as planned, and keeps what its metrics and its log say.

What is measured, and what follows from it, is decided in `simulator.sweep`.
"""
