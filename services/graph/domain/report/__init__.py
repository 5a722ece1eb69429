"""How a diagnosis is written down: as the contract, and as Markdown."""
