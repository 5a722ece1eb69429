"""Pure rules of the gateway: no I/O, no framework; everything from outside comes in as an argument."""
