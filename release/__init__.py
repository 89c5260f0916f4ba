"""How a release comes to be: what it changes in the tree, and what is built of a commit, the same bytes anywhere.

Versions, the changelog and the bill of materials are worked out from text; git, buildah and Helm are run around them.
"""
