"""What the graph worker does, without the broker."""
