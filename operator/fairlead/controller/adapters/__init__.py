"""Objects of kind Adapter: which of them a deployment serves, the list for its replicas, and what they report.

What goes with what is decided in `adapting`. Its one verb: to list.
"""
