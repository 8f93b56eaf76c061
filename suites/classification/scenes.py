"""The code base that requests talk about: places that belong together, and things outside of any code base."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["SCENES", "WORLD", "Scene"]


class Scene(NamedTuple):
    """One corner of the code base. A trouble is what the function does wrong and why; both follow "it"."""

    module: str
    file: str
    function: str
    constant: str
    troubles: tuple[tuple[str, str], tuple[str, str]]


SCENES = (
    Scene(
        "billing",
        "billing/invoices.py",
        "apply_discount",
        "MAX_DISCOUNT",
        (
            ("takes a cent too much off some invoices", "rounds before adding the tax"),
            ("ignores vouchers typed in small letters", "compares voucher codes case by case"),
        ),
    ),
    Scene(
        "auth",
        "auth/tokens.py",
        "rotate_token",
        "TOKEN_TTL",
        (
            ("hands out tokens that expire within a minute", "reads a lifetime in minutes as seconds"),
            ("leaves old tokens valid", "deletes by user name where the table is keyed by user id"),
        ),
    ),
    Scene(
        "search",
        "search/ranking.py",
        "merge_hits",
        "PAGE_SIZE",
        (
            ("loses the last hit", "stops its loop one element early"),
            ("shows some hits twice", "compares hits by identity instead of by id"),
        ),
    ),
    Scene(
        "exports",
        "exports/csv_writer.py",
        "write_rows",
        "BATCH_ROWS",
        (
            ("loses the last batch", "never flushes its buffer at the end"),
            ("garbles names with an umlaut", "opens the file without naming an encoding"),
        ),
    ),
    Scene(
        "webhooks",
        "webhooks/delivery.py",
        "send_event",
        "RETRY_LIMIT",
        (
            ("delivers some events twice", "retries without the idempotency key"),
            ("sends signatures that receivers reject", "signs the payload before the timestamp is added"),
        ),
    ),
    Scene(
        "catalog",
        "catalog/prices.py",
        "load_page",
        "CACHE_SECONDS",
        (
            ("serves stale prices", "leaves the release number out of its cache key"),
            ("fails on empty categories", "takes the first element before checking the length"),
        ),
    ),
    Scene(
        "scheduler",
        "scheduler/jobs.py",
        "next_run",
        "LOCK_SECONDS",
        (
            ("starts jobs an hour late", "drops the time zone before comparing"),
            ("skips the last day of the month", "excludes the end date from its range"),
        ),
    ),
    Scene(
        "ingest",
        "ingest/parser.py",
        "parse_row",
        "MAX_FIELDS",
        (
            ("stores nothing where the amount is zero", "tests truth where it should test for None"),
            ("cuts long notes short", "splits on every comma, quoted or not"),
        ),
    ),
    Scene(
        "notify",
        "notify/mailer.py",
        "flush_queue",
        "BURST_LIMIT",
        (
            ("mails some customers twice", "marks mails as sent only after the whole batch"),
            ("forgets mails queued during a restart", "holds its queue in memory only"),
        ),
    ),
    Scene(
        "quota",
        "quota/limits.py",
        "consume",
        "SOFT_LIMIT",
        (
            ("lets tenants exceed their limit by one", "uses <= where < is meant"),
            ("rejects brand-new tenants", "divides by a usage of zero"),
        ),
    ),
    Scene(
        "uploads",
        "uploads/chunks.py",
        "assemble",
        "CHUNK_BYTES",
        (
            ("joins chunks in the wrong order", "sorts chunk numbers as text"),
            ("leaves temporary files behind", "cleans up only after a success"),
        ),
    ),
    Scene(
        "reports",
        "reports/monthly.py",
        "sum_period",
        "MAX_PERIODS",
        (
            ("counts the first of the month twice", "includes both ends of the range"),
            ("shows refunds as income", "takes the absolute value of every entry"),
        ),
    ),
    Scene(
        "sync",
        "sync/merge.py",
        "pick_winner",
        "CLOCK_SKEW",
        (
            ("keeps the older of two edits", "compares timestamps as text"),
            ("overwrites notes made offline", "trusts the clock of the phone"),
        ),
    ),
    Scene(
        "tenants",
        "tenants/resolver.py",
        "resolve_tenant",
        "MAX_ALIASES",
        (
            ("shows one customer the data of another", "leaves the tenant id out of its cache key"),
            ("fails for names with capitals", "lower-cases one side of the comparison only"),
        ),
    ),
    Scene(
        "imaging",
        "imaging/thumbs.py",
        "resize",
        "JPEG_QUALITY",
        (
            ("turns portrait photos sideways", "ignores the orientation tag"),
            ("runs out of memory on panoramas", "decodes the full picture before scaling"),
        ),
    ),
    Scene(
        "checkout",
        "checkout/cart.py",
        "merge_carts",
        "HOLD_MINUTES",
        (
            ("doubles quantities after a login", "adds both carts instead of taking the newer one"),
            ("loses the gift wrapping", "copies a fixed list of fields"),
        ),
    ),
    Scene(
        "routing",
        "routing/paths.py",
        "shortest_path",
        "SPEED_KMH",
        (
            ("sends lorries over footbridges", "never looks at the weight limit"),
            ("returns routes with a gap", "discards edges of length zero"),
        ),
    ),
    Scene(
        "audit",
        "audit/trail.py",
        "append_entry",
        "KEEP_DAYS",
        (
            ("writes entries out of order", "takes the time before waiting for the lock"),
            ("omits failed logins", "returns early when the user is unknown"),
        ),
    ),
    Scene(
        "payments",
        "payments/refunds.py",
        "settle_refund",
        "GRACE_DAYS",
        (
            ("refunds the shipping fee twice", "subscribes to the same event twice"),
            ("books refunds on the wrong day", "uses local time where UTC is meant"),
        ),
    ),
    Scene(
        "chat",
        "chat/history.py",
        "load_thread",
        "WINDOW_LINES",
        (
            ("mixes up messages around midnight", "sorts by the time of day only"),
            ("hides edited messages", "filters by the original timestamp"),
        ),
    ),
)

WORLD = {
    "city": (
        "Lisbon", "Oslo", "Vienna", "Porto", "Ghent", "Turin", "Bergen", "Krakow", "Seville", "Riga", "Cork", "Basel",
    ),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "food": (
        "lentil soup", "potato salad", "plum cake", "onion tart", "mushroom risotto", "fish stew", "rye bread",
        "apple strudel", "pea curry", "goat cheese", "roast pumpkin", "pickled beetroot",
    ),
    "relative": (
        "sister", "brother", "aunt", "uncle", "niece", "nephew", "cousin", "grandmother", "grandfather", "daughter",
    ),
}  # fmt: skip
