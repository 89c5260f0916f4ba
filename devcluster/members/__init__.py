"""The programs a cluster consists of, as data: words, configuration files, certificates, first objects.

Starts nothing. Its one verb: to describe.
"""
