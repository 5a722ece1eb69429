"""A worker's metrics: counted by all its processes, served by its main one. Nothing here runs where no port is set."""
