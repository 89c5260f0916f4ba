"""The reconcile: observe, plan, apply, report; with admission, leader election and the work queue around it.

Maps steps to writes and outcomes to conditions; the only package that writes workloads. Never does arithmetic on
replicas, and keeps no state that is not written on an object. Its one verb: to reconcile.
"""
