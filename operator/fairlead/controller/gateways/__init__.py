"""The reconcile of an InferenceGateway: which deployments joined, its routers' configuration, and its status."""
