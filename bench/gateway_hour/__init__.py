"""An hour of a gateway on virtual time: what its requests are charged, and what its replicas cost."""
