"""The price of a call: one engine for live calls, imports, re-rating and what-if.

Pure: values in, values out. Prices in columns of a million are in `tronco.rating.batch`, which
needs numpy and so is imported by itself.
"""

from tronco.rating.checked import Problem, TariffError
from tronco.rating.ladder import ChainStep, Step, merge_ladders
from tronco.rating.rates import Price, PriceStep, Rate, Rounding
from tronco.rating.tariffs import NoRate, Tariff, load_rate, load_tariff, simple_rate

__all__ = [
    "ChainStep",
    "NoRate",
    "Price",
    "PriceStep",
    "Problem",
    "Rate",
    "Rounding",
    "Step",
    "Tariff",
    "TariffError",
    "load_rate",
    "load_tariff",
    "merge_ladders",
    "simple_rate",
]
