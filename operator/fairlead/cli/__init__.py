"""One file a command, argument to call.

Imports what a command needs inside that command and nothing before. Never holds logic. Its one verb: to call.
"""
