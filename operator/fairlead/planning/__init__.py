"""Which step comes next to bring the observed revisions and counts to the wanted ones.

Knows surge, free and occupied GPUs, and the rollback from a failing revision; keeps no state between two calls. Never
sees manifests, API types or a clock. Its one verb: to plan.
"""
