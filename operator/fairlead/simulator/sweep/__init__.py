"""A sweep of one engine: what to measure in which order, what was measured, and the step times that follow.

Values in and out. Starts nothing and reads no file: the caller runs the engine and passes in what it measured.
"""
