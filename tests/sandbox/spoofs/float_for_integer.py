"""Return the right number of another type."""


def add_all(numbers: list[int]) -> float:
    return float(sum(numbers))
