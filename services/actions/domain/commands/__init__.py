"""Which commands may run, and what is said of one that ran."""
