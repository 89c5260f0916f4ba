"""What must hold of a deployment, from raw pods, nodes, Deployments and router pages alone.

Implements the documented meaning of each condition. Never imports the code that decides, so that it cannot share its
mistakes. Its one verb: to judge.
"""
