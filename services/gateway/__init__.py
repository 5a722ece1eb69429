"""The gateway: REST API, intake of webhooks, the incident store, relay and internal door. Only it writes the store."""
