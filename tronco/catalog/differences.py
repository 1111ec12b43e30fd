"""What changes between two versions of a price list: counted and listed by the database."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from django.db import connection

from tronco.catalog.models import CallClass

Change = Literal["new", "changed", "removed", "unchanged"]
CHANGES: tuple[Change, ...] = ("changed", "new", "removed", "unchanged")

# What makes a price another price; its description does not.
_PRICE = "price_per_min, connect_fee, minimum_s, step_s, free_under_s, max_cost, windows"


def _columns(table: str) -> str:
    return ", ".join(f"{table}.{name.strip()}" for name in _PRICE.split(","))


_COMPARED = f"""
  SELECT coalesce(new.prefix, old.prefix) AS prefix,
         coalesce(new.call_class, old.call_class) AS call_class,
         coalesce(new.description, old.description) AS description,
         old.price_per_min AS old_price, new.price_per_min AS new_price,
         old.minimum_s AS old_minimum, old.step_s AS old_step, old.free_under_s AS old_free,
         new.minimum_s AS new_minimum, new.step_s AS new_step, new.free_under_s AS new_free,
         old.windows IS NOT NULL AS old_windows, new.windows IS NOT NULL AS new_windows,
         CASE WHEN old.id IS NULL THEN 'new'
              WHEN new.id IS NULL THEN 'removed'
              WHEN ({_columns("old")}) IS DISTINCT FROM ({_columns("new")}) THEN 'changed'
              ELSE 'unchanged' END AS change
  FROM (SELECT * FROM catalog_rate WHERE version_id = %(old)s) old
  FULL JOIN (SELECT * FROM catalog_rate WHERE version_id = %(new)s) new
    USING (prefix, call_class)
"""  # noqa: S608  our own names


@dataclass(frozen=True)
class RateDifference:
    """One price before and after; None where there is none. Cadences are `30/6/3`."""

    prefix: str
    call_class: str
    description: str
    change: Change
    old_price: Decimal | None
    new_price: Decimal | None
    old_cadence: str
    new_cadence: str
    old_windows: bool
    new_windows: bool

    @property
    def target(self) -> str:
        return self.prefix or str(CallClass(self.call_class).label)

    @property
    def percent(self) -> Decimal | None:
        """By how much the price per minute rises; None where that says nothing."""
        has_windows = self.old_windows or self.new_windows
        if not self.old_price or self.new_price is None or has_windows:
            return None
        return (self.new_price / self.old_price - 1) * 100


def count_differences(*, old_id: int | None, new_id: int) -> dict[Change, int]:
    """Return how many prices are new, changed, removed and unchanged."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT change, count(*) FROM ({_COMPARED}) compared GROUP BY change",  # noqa: S608
            {"old": old_id, "new": new_id},
        )
        found = dict(cursor.fetchall())
    return {change: found.get(change, 0) for change in CHANGES}


def list_differences(
    *, old_id: int | None, new_id: int, change: Change, limit: int
) -> list[RateDifference]:
    """Return the first prices of one kind of change: the greatest rises first, then by prefix."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM ({_COMPARED}) compared WHERE change = %(change)s"  # noqa: S608
            " ORDER BY (new_price / nullif(old_price, 0)) DESC NULLS LAST, call_class, prefix"
            " LIMIT %(limit)s",
            {"old": old_id, "new": new_id, "change": change, "limit": limit},
        )
        names = [column.name for column in cursor.description or ()]
        return [_difference(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _difference(row: dict[str, Any]) -> RateDifference:
    def cadence(side: str) -> str:
        numbers = [row[f"{side}_{name}"] for name in ("minimum", "step", "free")]
        return "" if numbers[0] is None else "/".join(map(str, numbers))

    return RateDifference(
        prefix=row["prefix"],
        call_class=row["call_class"],
        description=row["description"],
        change=row["change"],
        old_price=row["old_price"],
        new_price=row["new_price"],
        old_cadence=cadence("old"),
        new_cadence=cadence("new"),
        old_windows=row["old_windows"],
        new_windows=row["new_windows"],
    )
