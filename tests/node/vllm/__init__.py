"""Real vLLM 0.32 in the pods of deployments on a real node: its whole life, as its clients and its owner see it."""
