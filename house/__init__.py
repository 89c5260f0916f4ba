"""The workshop's own rules: set-up of the environment, the checks, the size budgets and the coverage floors.

Knows the tree as files and nothing of what the product does. Its one verb: to check.
"""
