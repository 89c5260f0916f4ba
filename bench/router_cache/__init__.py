"""What the response cache costs and stores: through a whole router, with `fairlead engine` and a scripted engine."""
