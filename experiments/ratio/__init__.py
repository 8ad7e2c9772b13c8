"""How much a gradient costs in units of the primal, for every variant of every corpus kernel."""
