"""Which next step brings the observed revisions and counts to the wanted ones.

Knows surge, the GPUs that are free or still held, and the way back from what fails; remembers nothing between two
questions. Never sees manifests, API types or a clock. Its one verb: to plan.
"""
