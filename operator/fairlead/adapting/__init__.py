"""What a LoRA adapter is, whether it goes with a model, which replicas take it, and what a replica does next about it.

It reads no file and asks no engine: bytes, lists and the time are arguments. Its verb is to adapt.
"""
