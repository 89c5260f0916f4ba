"""Replays of a real engine's recorded runs: the same arrivals, and how far the simulated latencies are off.

Text in, values out. Opens no file and never adjusts the simulator to the recording.
"""
