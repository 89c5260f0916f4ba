"""A large gateway: how soon a change reaches all of its routers, and how much memory each takes."""
