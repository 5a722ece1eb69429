"""Rules and silences as data, compiled so that asking them about a signal costs little, however many there are."""
