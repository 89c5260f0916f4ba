"""What running pods, their nodes and routers tell of a deployment, and how engines and routers are asked."""
