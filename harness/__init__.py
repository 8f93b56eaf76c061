"""tierfloor: measure, per kind of work, the cheapest model tier that is proved good enough."""
