"""`fairlead simulate --html`: a self-contained page of a comparison; reads no file, and decides nothing."""
