"""What is done with a case, apart from the engine and from every outside system: letters, tasks for people."""
