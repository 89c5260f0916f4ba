"""How Fairlead's autoscaler fares against what others run, on recorded and made-up traffic, in the simulator."""
