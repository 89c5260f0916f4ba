"""What running pods, their nodes and routers report of a deployment, and the requests to engines and routers."""
