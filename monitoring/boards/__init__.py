"""The dashboards, one module each: their panels, and the queries that these show. Its one verb: to list."""
