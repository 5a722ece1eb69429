"""What was changed around a trouble: two moments compared, or the traces one moment holds; nearest and latest first."""
