"""Real vLLM 0.32 in the pods of deployments on a real node: its whole life, seen by its clients and its owner."""
