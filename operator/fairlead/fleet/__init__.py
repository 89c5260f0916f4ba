"""The types that every package shares: roles, revisions, replicas, load, capacity, reasons, ledger records.

Frozen values and closed enums, with arithmetic on themselves and nothing else. Standard library only: never pydantic, a
clock or I/O. Its one verb: to be.
"""
