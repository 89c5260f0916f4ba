"""One module for each command, from its arguments to a call.

Imports what a command needs inside that command and nothing before. Never holds logic. Its one verb: to call.
"""
