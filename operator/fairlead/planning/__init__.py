"""Which next step brings the observed revisions and counts to the wanted ones.

Knows surge, spare-GPU and canary rules, eval gates and the way back; remembers nothing between two questions.
Never sees manifests, API types or a clock. Its one verb: to plan.
"""
