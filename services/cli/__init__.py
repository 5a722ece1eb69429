"""The `faultline` command: a client of the API, and the supervisor of the one-command run. Nothing imports it."""
