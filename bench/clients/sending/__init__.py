"""What runs inside the clients' own environment: it has none of our packages, so these files import none of them."""
