"""The engine in real time: the scheduler's steps on the wall clock, its memory, its metrics, its events and its faults.

The same model as in `sim`, step for step; never knows a route, a body or a text.
"""
