"""Replays of a real engine's recorded runs: the same arrivals, and the error of the simulated latencies.

Text in, values out. Opens no file and never adjusts the simulator to the recording.
"""
