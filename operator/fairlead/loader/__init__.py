"""Runs beside an engine in its pod: reads and checks adapter files, and makes the engine load and unload them.

The operator writes the list of adapters to load; the engine's own list says which ones are loaded. `adapting` decides
the next steps. Its one verb: to load.
"""
