"""What it costs the autoscaler to ask 2,000 engines every two seconds, and how old its figures get meanwhile."""
