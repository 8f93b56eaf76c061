"""All families, level by level, in the fixed order that samples are drawn in."""

from __future__ import annotations

from . import (
    level1_tallies,
    level1_turns,
    level2_shares,
    level2_tables,
    level3_locks,
    level3_pairs,
    level4_inside,
    level4_order,
    level5_signals,
    level5_waits,
)
from .families import Family

__all__ = ["families", "named"]

# A new family goes to the end of its level: samples that are frozen were drawn in this order.
_ORDER = {
    1: (
        "lost_add",
        "check_outside",
        "unique_number",
        "best_so_far",
        "room_limit",
        "split_section",
        "only_first",
        "forgotten_method",
        "swap_value",
        "module_global",
        "place_in_line",
    ),
    2: (
        "per_call_lock",
        "load_once",
        "lazy_single",
        "register_once",
        "claim_job",
        "group_append",
        "iterate_while_adding",
        "class_counter",
        "deque_pop",
        "queue_empty_get",
    ),
    3: (
        "two_parts",
        "leaked_lock",
        "published_early",
        "torn_mean",
        "lock_per_key",
        "drain_lost",
        "self_deadlock",
        "half_taken",
    ),
    4: (
        "lock_order",
        "torn_move",
        "two_locks",
        "handler_under_lock",
        "parallel_load",
        "wait_with_lock",
        "both_ways",
    ),
    5: (
        "if_not_while",
        "one_signal",
        "event_cleared",
        "close_wakes_one",
        "signal_saved",
        "late_wait",
    ),
}


def families(level: int) -> tuple[Family, ...]:
    """The families of a level, in their fixed order."""
    return tuple(named(id_) for id_ in _ORDER[level])


def named(id_: str) -> Family:
    """The family called `id_`; raises KeyError."""
    modules = (
        level1_tallies,
        level1_turns,
        level2_tables,
        level2_shares,
        level3_pairs,
        level3_locks,
        level4_order,
        level4_inside,
        level5_waits,
        level5_signals,
    )
    known: dict[str, Family] = {family.id: family for module in modules for family in module.FAMILIES}
    return known[id_]
