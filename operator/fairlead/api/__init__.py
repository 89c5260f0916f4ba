"""What users write: the resources as pydantic models, their defaults, structural checks and versions.

Turns specs into `fleet` values at the door, so that no deciding room meets pydantic. Never asks a cluster
and never decides. Its one verb: to read.
"""
