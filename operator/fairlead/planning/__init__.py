"""Which step comes next to bring the observed revisions and counts to the wanted ones.

Knows surge, the GPUs that are free or still held, and the rollback from a revision that fails; keeps no state between
two calls. Never sees manifests, API types or a clock. Its one verb: to plan.
"""
