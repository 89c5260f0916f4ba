"""Prepares a machine for clusters: checks, installs and builds what they need.

Changes nothing but Debian's packages and the cache. Its one verb: to prepare.
"""
