"""A real Kubernetes on one machine without Docker, for the demo, end-to-end tests and checks.

Gets the binaries, starts a control plane and nodes with simulated GPUs in namespaces of their own, makes them reachable
from 127.0.0.1, and leaves nothing behind. Never knows Fairlead. Its one verb: to host.
"""
