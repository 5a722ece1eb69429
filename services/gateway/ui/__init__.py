"""The screens: pages for people, made of what the public API answers to the same person. Imported by ``app`` only."""
