"""What several test suites need: builders, fakes, the running product."""
