"""Scripts that run in the clients' own environment, which lacks our packages; these files import none of them."""
