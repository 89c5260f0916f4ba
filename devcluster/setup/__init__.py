"""What a machine must have before a cluster can start on it: looked at, told, installed, built.

Changes nothing but Debian's packages and the cache. Its one verb: to prepare.
"""
