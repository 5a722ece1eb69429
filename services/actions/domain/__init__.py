"""What the actions worker decides; pure. Imported by its handlers, adapters and composition roots."""
