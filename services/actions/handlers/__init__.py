"""What the actions worker does, given its ports. Known to its tasks."""
