"""What becomes of users while more is asked for than a fleet can serve, by the order in which requests are served."""
