"""What the process does with messages, answers and time: use cases, without engine and without I/O."""
