"""Chaos: the running product under load while its processes are killed and its broker loses everything."""
