"""How what rules found reads on a page: the sum behind a confidence, evidence by its kind, and what may be proposed."""
