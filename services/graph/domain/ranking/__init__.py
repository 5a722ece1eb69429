"""From findings to ranked hypotheses and a verdict."""
