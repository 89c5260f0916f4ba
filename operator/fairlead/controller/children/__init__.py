"""Keeps a deployment's objects as decided: applies them, restores what another client changed, finds orphans."""
