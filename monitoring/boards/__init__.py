"""The dashboards, one module each: which panels it has, and which queries they show. Its one verb: to list."""
