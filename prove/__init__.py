"""The evidence: every claim of the project, with code that proves it on your machine.

Lists claims, runs their proofs, keeps the last figure of each. Never part of the product. Its one verb: to prove.
"""
