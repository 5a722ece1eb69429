"""What the actions worker speaks to: API servers. Known to its composition root alone."""
