"""What runs in the cluster's own namespaces: the first process, the supervisor, and the ports to the outside.

Touches the machine outside only through the cluster's folder and these ports. Its one verb: to keep.
"""
