"""The programs of a cluster as data: arguments, configuration files, certificates, first objects.

Starts nothing. Its one verb: to describe.
"""
