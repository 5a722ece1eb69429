"""The gateway's adapters: each implements one of its ports with one technology."""
