"""What runs in the cluster's own namespaces: the first process, the supervisor, and the doors to the outside.

Never touches the machine outside them but through the cluster's folder and its doors. Its one verb: to keep.
"""
