"""What starts and signals cases: the command line, the inbox, the gateway, the schedule."""
