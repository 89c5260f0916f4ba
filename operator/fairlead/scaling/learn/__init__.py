"""What is learnt about traffic and replicas from one decision to the next, bounded in size. Pure."""
