"""What each lever of serving is worth, pulled one after the other on recorded traffic: docs/levers.md."""
