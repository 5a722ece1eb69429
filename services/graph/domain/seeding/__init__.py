"""From what an incident says to the objects it speaks of."""
