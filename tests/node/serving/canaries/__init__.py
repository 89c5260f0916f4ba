"""Tests of revisions and adapters on trial: by a person, by faults, by questions."""
