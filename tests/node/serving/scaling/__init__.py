"""The autoscaler on a real node: what its counts do for waiting requests, and what it reports about them."""
