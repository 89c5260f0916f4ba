"""Stories of what people are told of a fleet that has a fault: status, Events, alerts."""
