"""Adapters more than one service uses: the clock, Celery, the internal door's client, logging."""
