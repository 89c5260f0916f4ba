"""`fairlead simulate --html`: one page of a comparison that needs no network; it reads no file, and decides nothing."""
