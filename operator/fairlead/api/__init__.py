"""What users write: the resources as pydantic models, their defaults, structural checks and versions.

Turns specs into `fleet` values, so that no package that decides imports pydantic. Never reads a cluster
and never decides. Its one verb: to read.
"""
