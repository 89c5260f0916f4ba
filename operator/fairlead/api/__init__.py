"""The Fairlead resources as pydantic models, with their defaults, structural checks and versions.

Converts specs into `fleet` values, so that no package that decides imports pydantic. Never reads a cluster and never
decides. Its one verb: to read.
"""
