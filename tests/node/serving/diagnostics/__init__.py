"""Tests of what users learn of a faulty fleet: status, Events, alerts."""
