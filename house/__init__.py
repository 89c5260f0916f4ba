"""Development tooling: set-up of the environment, checks, size budgets, coverage floors and generated pages.

Handles the tree as files, independent of what the product does. Its one verb: to check.
"""
