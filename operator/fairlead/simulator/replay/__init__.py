"""Recorded runs of a real engine played again: the same arrivals, and how far the answers lie from the engine's.

Text in, values out. Never opens a file and never adjusts what it is compared with.
"""
