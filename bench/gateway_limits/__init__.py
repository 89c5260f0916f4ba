"""Whether tenants' limits hold under load on several router processes, and what tenants can learn of each other."""
