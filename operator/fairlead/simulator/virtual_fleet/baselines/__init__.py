"""Baselines that `fairlead simulate --against` plays: published scaling policies, reimplemented."""
