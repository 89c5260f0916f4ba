"""What each serving lever is worth, applied one after the other on recorded traffic: docs/levers.md."""
