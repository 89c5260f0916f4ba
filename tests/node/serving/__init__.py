"""Stories of serving. A package, unlike its neighbours, so that its cluster ends with its last story."""
