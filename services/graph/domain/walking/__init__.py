"""What a person would look at from an object: owners, references, users, neighbours."""
