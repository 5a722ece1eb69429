"""What is read of a cluster: kinds, shapes cut down, coverage, what is kept and what is masked."""
