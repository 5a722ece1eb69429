"""Pure rules of the actions worker: what each remediation reads, writes and expects. Known to its handlers."""
