"""Whether scraping pods directly and querying a real Prometheus lead to the same decisions on the same run."""
