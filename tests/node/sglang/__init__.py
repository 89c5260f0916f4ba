"""Real SGLang 0.5.23 in the pods of deployments on a real node: its whole life, seen by its clients and its owner."""
