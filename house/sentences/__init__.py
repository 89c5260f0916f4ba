"""Collects every user-facing sentence of the product from its source: its place, its parts, and where users see it.

Never runs the product. Its verb is to collect.
"""
