"""A pretend world: event queue, traffic, engine step times, cold starts, report.

Drives the real deciding rooms on virtual time. Never reads a clock, a file or global chance, and no process
may import it. Its one verb: to pretend.
"""
