"""RBAC evaluated as the API server evaluates it: who may do what, by which binding, role and rule."""
