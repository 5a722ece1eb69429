"""Where a cluster is read: a live API server."""
