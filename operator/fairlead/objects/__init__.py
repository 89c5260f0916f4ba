"""How each child looks: names, labels, owner references, and every manifest whole.

Builds fresh objects from spec and facts. Never plans and never reads the cluster. Its one verb: to build.
"""
