"""The actions worker: does to clusters what people approved, exactly and at most once. Nobody imports it."""
