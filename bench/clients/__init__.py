"""Real clients against our router: the official ones, a gateway's, load generators, each in its published version."""
