"""The supervisor behind `faultline up`: starts the processes of a local Faultline, keeps them up, stops them in order."""
