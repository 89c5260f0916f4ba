"""The reconcile of an InferenceGateway: who joined, what its routers are told, how all of it stands."""
