"""How users fare while demand exceeds what a fleet can serve, by the order in which requests are served."""
