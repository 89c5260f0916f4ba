"""One module for each command: parses its arguments and makes one call.

Imports what a command needs inside that command, never at module level. Never holds logic. Its one verb: to call.
"""
