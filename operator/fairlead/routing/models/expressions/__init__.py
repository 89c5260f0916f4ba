"""Conditions of rules as text: a subset of CEL over a request's facts, checked once and never failing after. Pure."""
