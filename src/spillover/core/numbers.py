"""How numbers are written for people, on the page, in terminals, in sentences: by one rule, so that they agree.

The page's own script (`report/scripts/numbers.js`) writes what it computes by the same rule: a test compares them.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from math import isfinite, isnan

NONE = "–"
"""Stands where there is no number."""


def fixed(value: float, decimals: int) -> str:
    """Write the size of a finite number; halves are rounded away from 0, as people and browsers do.

    >>> fixed(-0.625, 2), fixed(12.5, 0)
    ('0.63', '13')
    """
    return str(Decimal(abs(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))


def number(value: float, decimals: int = 3) -> str:
    """Write a number, a minus sign before what is below 0; what rounds to 0 has none.

    >>> number(-0.05), number(-0.0001), number(float("nan")), number(float("-inf"))
    ('−0.050', '0.000', '–', '−∞')
    """
    return signed(value, decimals).removeprefix("+")


def signed(value: float, decimals: int = 3) -> str:
    """Write a number with its sign; what rounds to 0 has none.

    >>> signed(0.05), signed(-0.05), signed(0.0001), signed(float("inf"))
    ('+0.050', '−0.050', '0.000', '+∞')
    """
    if isnan(value):
        return NONE
    sign = "−" if value < 0 else "+"
    if not isfinite(value):
        return f"{sign}∞"
    digits = fixed(value, decimals)
    return f"{sign}{digits}" if Decimal(digits) else digits


def brief(value: float) -> str:
    """Write a number with its sign in at most four characters, up to ±999: two decimals, fewer from 1 on.

    >>> brief(-0.254), brief(1.5), brief(-9.99), brief(-0.001), brief(float("nan"))
    ('−.25', '+1.5', '−10', '.00', '–')
    """
    if not isfinite(value):
        return signed(value)
    size = abs(value)
    if size < 0.995:
        return signed(value, 2).replace("0.", ".", 1)
    return signed(value, 1 if size < 9.95 else 0)


def interval(low: float, high: float, decimals: int = 3) -> str:
    """Write the ends of an interval; empty where they are not known.

    >>> interval(-0.05, float("inf"), 2), interval(float("nan"), float("nan"))
    ('−0.05 to +∞', '')
    """
    return "" if isnan(low) or isnan(high) else f"{signed(low, decimals)} to {signed(high, decimals)}"


def percent(share: float) -> str:
    """Write a share in whole percents.

    >>> percent(0.125), percent(0.004), percent(0.0), percent(float("nan"))
    ('13%', '<1%', '0%', '–')
    """
    if not isfinite(share):
        return NONE
    return "<1%" if 0 < share < 0.005 else f"{number(share * 100, 0)}%"


def probability(value: float, name: str = "") -> str:
    """Write the p or q of a test; where there is none a dash, and nothing where it was to be named.

    >>> probability(0.0123, "p"), probability(0.0001, "q"), probability(0.0001)
    ('p = 0.012', 'q < 0.001', '<0.001')
    >>> probability(float("nan")), probability(float("nan"), "p")
    ('–', '')
    """
    if isnan(value):
        return "" if name else NONE
    small = value < 0.001
    digits = "0.001" if small else fixed(value, 3)
    if name:
        return f"{name} {'<' if small else '='} {digits}"
    return f"<{digits}" if small else digits


def counted(number: int, noun: str) -> str:
    """Write how many there are of something.

    >>> counted(1, "fault"), counted(1200, "fault")
    ('1 fault', '1,200 faults')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
