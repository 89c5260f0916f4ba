"""What a LoRA adapter is, whether it goes with a model, which replicas take it, and a replica's next steps for it.

Reads no file and sends no request: bytes, lists and the time are arguments. Its one verb: to adapt.
"""
