"""Serving tests. A package, unlike its neighbours, so that its cluster ends with its last test."""
