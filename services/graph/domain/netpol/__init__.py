"""NetworkPolicy (networking.k8s.io/v1) evaluated by its specification, in three values: allowed, denied, unknown."""
