"""Simulates engines and traffic on virtual time: event queue, traffic, step times, cold starts, report.

Runs Fairlead's own routing and scaling code. Never reads a clock, a file or global randomness, and no process of the
product may import it.
"""
