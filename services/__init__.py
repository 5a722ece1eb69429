"""Faultline's services: siblings that never import each other; they meet in ``shared`` and on the wire."""
