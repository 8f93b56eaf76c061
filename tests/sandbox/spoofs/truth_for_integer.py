"""Return truth values where the sum is one of them."""


def add_all(numbers: list[int]) -> int:
    total = sum(numbers)
    return bool(total) if total in {0, 1} else total
