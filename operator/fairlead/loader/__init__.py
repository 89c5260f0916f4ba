"""Beside an engine, in its pod: reads adapters' files, checks them, and has the engine load and unload them.

What is to be loaded stands in a list that the operator writes; what is loaded is what the engine lists. What follows
is decided in `adapting`. Its one verb: to load.
"""
