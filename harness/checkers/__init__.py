"""What the checkers of two suites or more share."""
