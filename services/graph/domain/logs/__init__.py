"""What the lines of a container say of a trouble."""
