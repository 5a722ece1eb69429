"""The edge of the gateway: requests are authenticated, read and answered here; handlers do the work."""
