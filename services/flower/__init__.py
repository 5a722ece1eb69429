"""Flower, the broker's side of the queues on a page, with all of it behind one password."""
