"""Return a number that its reader refuses to read."""

import sys

sys.set_int_max_str_digits(0)


def add_all(numbers: list[int]) -> int:
    return 10**5000
