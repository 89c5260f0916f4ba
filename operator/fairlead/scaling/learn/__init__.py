"""What is learnt of traffic and replicas from one decision to the next, bounded in size. Pure."""
