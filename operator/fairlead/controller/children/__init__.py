"""Keeps the objects of a deployment as decided: applies them, restores what another client changed, finds orphans."""
