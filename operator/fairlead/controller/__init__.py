"""The reconcile: observe, plan, apply, report; with admission, leader election and the work queue around it.

Maps steps to writes and outcomes to conditions, and is the only package that writes workloads. It does no replica
arithmetic, and keeps no state that is not written on an object.
"""
