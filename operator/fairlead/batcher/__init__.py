"""Sends the requests of a batch file to one address, as fast as it accepts them, and writes each answer at once.

`batching` decides what is sent, when, and what a reply means. Its one verb: to send.
"""
