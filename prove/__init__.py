"""The evidence: every claim the project makes, with the code that proves it on the machine before you.

Knows claims, runs them, keeps the last figure of each. Never part of the product. Its one verb: to prove.
"""
