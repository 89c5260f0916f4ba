"""The project's own Dockerfile built without Docker, as an archive that a node's containerd imports.

Writes to the cache and nowhere else. Its one verb: to build.
"""
