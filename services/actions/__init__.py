"""The actions worker: does what was approved, and nothing else."""
