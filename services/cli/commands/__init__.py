"""The commands, one file per group. Each is a thin edge: arguments in, one call, one rendering out."""
