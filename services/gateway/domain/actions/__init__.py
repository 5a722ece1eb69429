"""The rules of actions: states, approval policy, digests, what may be proposed. Importable by the gateway only."""
