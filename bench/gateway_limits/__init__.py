"""Whether tenants' limits hold under load, on routers that are processes, and what tenants see of each other."""
