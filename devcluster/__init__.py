"""A real Kubernetes on one machine without Docker: the world that demo, end-to-end tests and checks live in.

Knows how to get the binaries, start a control plane and nodes with pretend GPUs in namespaces of their own,
reach them from 127.0.0.1, and leave nothing behind. Never knows Fairlead. Its one verb: to host.
"""
