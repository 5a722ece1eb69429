"""Intake: raw deliveries in, signals out. Touches nothing outside; imported by no other service."""
