"""What the actions worker does, without the broker."""
