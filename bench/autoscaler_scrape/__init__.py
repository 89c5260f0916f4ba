"""What scraping 2,000 engines every two seconds costs the autoscaler, and how old its samples get meanwhile."""
