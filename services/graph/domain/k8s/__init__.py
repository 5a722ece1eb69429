"""Kubernetes objects as an API server sends them, cut down to the fields that relations and rules read."""
