"""One module for each command: parses its arguments and makes one call.

Imports what a command needs inside that command, not before. Never holds logic. Its one verb: to call.
"""
