"""How the actions worker meets the outside: files, processes, servers."""
