"""Whether asking pods directly and asking a real Prometheus lead to the same decisions on the same run."""
