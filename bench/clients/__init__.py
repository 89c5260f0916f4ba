"""Real clients against our router: the official ones, a gateway's, load generators; each in other people's versions."""
