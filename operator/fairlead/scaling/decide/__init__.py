"""From facts and what was learnt to a replica count: the signals' needs, the limits on them, and the reason. Pure."""
