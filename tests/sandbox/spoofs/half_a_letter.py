"""Return a text that can't be written down."""


def add_all(numbers: list[int]) -> str:
    return "\ud800"
