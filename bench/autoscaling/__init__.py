"""How Fairlead's autoscaler compares with what others run, on recorded and synthetic traffic, in the simulator."""
