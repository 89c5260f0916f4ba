"""The autoscaler on a real node: what its counts do to those who wait, and what it says of them."""
