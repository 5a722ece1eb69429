"""What objects say of a trouble: states, revisions, schedules, changes."""
