"""The supervisor behind `faultline up`: starts all processes, keeps them up, stops them in order."""
