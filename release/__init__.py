"""How a release comes to be: what it changes in the tree, and what is built of a commit, byte for byte the same anywhere.

Fragments and versions are decided on without the world; git, buildah and Helm are run by `tree`, `image` and `chart`.
"""
