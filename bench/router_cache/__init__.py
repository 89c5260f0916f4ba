"""What the response cache costs and keeps: through a whole router, in front of `fairlead engine` and a scripted one."""
