"""What the pages of actions are made from: the form of a proposal, the gate before an execution, and diffs."""
