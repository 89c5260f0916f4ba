"""The vocabulary every room speaks: roles, revisions, replicas, load, capacity, reasons, the ledger record.

Frozen values and closed enums, with arithmetic on themselves and nothing else. Standard library only:
never pydantic, a clock or I/O. Its one verb: to be.
"""
