"""What each command does with its parsed options: one step called, its result printed, an exit code."""
