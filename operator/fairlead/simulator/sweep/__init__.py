"""A sweep of one engine: what to measure in which order, what was measured, and the step times that follow from it.

Values in and out. Starts nothing and reads no file: whoever runs the engine hands in what it saw.
"""
