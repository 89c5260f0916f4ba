"""How a release is made: what it changes in the tree, and what is built from a commit, the same bytes anywhere.

Versions, the changelog and the bill of materials are computed from text; git, buildah and Helm run around them.
"""
