"""What the graph worker knows and concludes; pure. Imported by its handlers, adapters and composition roots."""
