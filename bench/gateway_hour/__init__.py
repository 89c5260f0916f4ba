"""An hour of a gateway on a clock of its own: what its requests are charged, and what its replicas cost."""
