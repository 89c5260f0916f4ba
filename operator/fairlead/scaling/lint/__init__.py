"""Finds what is wrong with a policy, alone or with the deployment that names it, before it decides anything. Pure."""
