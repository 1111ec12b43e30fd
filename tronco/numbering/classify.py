"""What a dialled string is: the Brazilian dialling plan as one pure function.

The order of the rules is the rule: emergency first, whatever surrounds it; then what the leading
digits say (+, 00, 90, 0, 55); then the number of digits. Nothing is guessed where a guess would
be charged to somebody: what the plan does not say is refused with a reason and a hint.
"""

import re

from tronco.numbering.ddd import UF_BY_DDD, vc
from tronco.numbering.number import CallClass, Kind, Number, Reason

# Always routed, never blocked, never charged.
ALWAYS_ALLOWED_FREE = frozenset({"100", "112", "128", "911", *map(str, range(180, 200))})

# Public utility: the operator may charge them as a local call.
UTILITY = frozenset(
    map(str, (102, *range(115, 119), 125, 127, 129, 130, 132, *range(134, 137), 138))
) | frozenset(map(str, range(140, 170)))
CARRIER_HELP = re.compile(r"103[0-9]{2}|10[56][0-9]|1331")

# A phone that puts 0, +55 or a DDD before everything must not lose the call. Without one of these
# before it, a DDD and a code are left alone: five digits may be somebody's extension.
_DDD = "|".join(map(str, UF_BY_DDD))
_EMERGENCY = re.compile(
    rf"(?:\+?|\+550|(?:0|\+55|0055)(?:{_DDD})?)({'|'.join(sorted(ALWAYS_ALLOWED_FREE))})"
)

# National numbers of eight digits. With a DDD before them only the best known are read so: the
# others of 300X and 400X are also ordinary fixed numbers of some cities.
NATIONAL8 = re.compile(r"(?:300[0-9]|400[0-9]|4020)[0-9]{4}")
_NATIONAL8_AFTER_DDD = re.compile(r"(?:3003|4003|4004|4020)[0-9]{4}")

_NON_GEOGRAPHIC = re.compile(r"[3589]00[0-9]{6,7}|303[0-9]{7}")
_NON_GEOGRAPHIC_HEADS = ("300", "303", "500", "800", "900")
_NON_GEOGRAPHIC_KINDS = {
    "3": (Kind.SHARED, CallClass.N0300),
    "5": (Kind.DONATION, CallClass.N0300),
    "8": (Kind.TOLL_FREE, CallClass.N0800),
    "9": (Kind.PREMIUM, CallClass.N0300),
}

# Spaces of every kind, dashes, and the invisible marks that come with a copied number.
FORMATTING = dict.fromkeys(
    [
        *map(ord, " \t\n\r\f\v-./()[]\u00a0\u2212\u3000\ufeff"),
        *range(0x2000, 0x2016),
        *range(0x2028, 0x2030),
        *range(0x205F, 0x2070),
    ]
)
_DIGITS = re.compile(r"\+?[0-9]+")
_KEYPAD = re.compile(r"[0-9*#]+")
_HIDE_CALLER = re.compile(r"^[*#]31#")
_CARRIER_PLACEHOLDER = re.compile(r"(00?)xx([0-9]+)", re.IGNORECASE)


class _Refused(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def classify(dialled: str, *, own_ddd: int | None = None) -> Number:
    """Classify what a line whose DDD is `own_ddd` dialled.

    Any text is accepted: what cannot be dialled comes back with a reason. Without an own DDD (or
    with one that does not exist) full numbers are long distance and local numbers are refused.
    """
    reading = _Reading(dialled, own_ddd if own_ddd in UF_BY_DDD else None)
    try:
        digits = _clean(dialled)
        if len(digits) <= 9 and (found := _EMERGENCY.fullmatch(digits)):
            return reading.short(found[1])
        return reading.dialled(digits)
    except _Refused as refusal:
        return Number(raw=dialled, kind=Kind.INVALID, reason=refusal.reason)


def classify_reach(kind: Kind, ddd: int, own_ddd: int | None) -> tuple[CallClass, int | None]:
    """Local or long distance, and the mobile charge band: local is "the same DDD"."""
    band = vc(own_ddd, ddd) if own_ddd else None
    if kind is Kind.MOBILE:
        return (CallClass.LOCAL_MOBILE if band == 1 else CallClass.LDN_MOBILE), band
    return (CallClass.LOCAL_FIXED if band == 1 else CallClass.LDN_FIXED), None


def _clean(dialled: str) -> str:
    """Digits, perhaps after a +; anything else is refused, unless it asks for help."""
    text = dialled.translate(FORMATTING)
    if _DIGITS.fullmatch(text):
        return text
    if not text:
        raise _Refused(Reason.EMPTY)
    text = text.removesuffix("#")  # "dial now"
    if found := _CARRIER_PLACEHOLDER.fullmatch(text):
        return ("0" if found[1] == "0" else "+") + found[2]
    shown = _HIDE_CALLER.sub("", text, count=1)
    if _DIGITS.fullmatch(shown) and (shown == text or _EMERGENCY.fullmatch(shown)):
        return shown
    keypad = _KEYPAD.fullmatch(text + "#")
    raise _Refused(Reason.KEYPAD_CODE if keypad else Reason.UNEXPECTED_CHARACTER)


def _subscriber_kind(subscriber: str) -> Kind:
    size, first = len(subscriber), subscriber[0]
    if size == 8 and first in "2345":
        return Kind.FIXED
    if size == 9 and first == "9":
        return Kind.MOBILE
    if size == 8 and first in "6789":
        raise _Refused(Reason.OLD_MOBILE)
    raise _Refused(Reason.BAD_SUBSCRIBER)


class _Reading:
    """One string being read: each method takes the digits that are left."""

    __slots__ = ("own_ddd", "raw")

    def __init__(self, raw: str, own_ddd: int | None) -> None:
        self.raw = raw
        self.own_ddd = own_ddd

    def dialled(self, digits: str) -> Number:
        size = len(digits)
        if digits.startswith("+55"):
            return self.after_country_code(digits[3:])
        if digits.startswith("+"):
            return self.international(digits[1:])
        if digits.startswith("00"):
            return self.after_00(digits[2:])
        if digits.startswith("0"):
            return self.after_0(digits[1:])
        if digits.startswith("90") and size >= 12:
            return self.after_90(digits[2:])
        if digits.startswith("55") and size in (12, 13):
            return self.after_country_code(digits[2:])
        if size in (10, 11):
            return self.national(digits)
        if size in (8, 9):
            return self.local(digits)
        if size <= 5:
            return self.short(digits)
        raise _Refused(Reason.WRONG_LENGTH)

    def after_country_code(self, rest: str, csp: int | None = None) -> Number:
        """E.164 has no zero after the 55, but people put one all the same."""
        rest = rest.removeprefix("0")
        if _NON_GEOGRAPHIC.fullmatch(rest):
            return self.non_geographic(rest)
        if NATIONAL8.fullmatch(rest):
            return self.national8(rest)
        if len(rest) <= 5:
            return self.short(rest)
        return self.national(rest, csp)

    def after_00(self, rest: str) -> Number:
        """00, carrier, country code. No carrier is 55: 0055 is Brazil's own country code."""
        if rest.startswith("55"):
            return self.after_country_code(rest[2:])
        if len(rest) < 2 or rest.startswith("0"):
            raise _Refused(Reason.BAD_CARRIER_CODE)
        csp, rest = int(rest[:2]), rest[2:]
        if rest.startswith("55"):
            return self.after_country_code(rest[2:], csp)
        return self.international(rest, csp)

    def after_0(self, rest: str) -> Number:
        """0, perhaps a carrier, DDD; or a number such as 0800."""
        size = len(rest)
        if size <= 11 and rest.startswith(_NON_GEOGRAPHIC_HEADS):
            return self.non_geographic(rest)
        if 8 <= size <= 11:
            return self.national(rest)
        if size >= 12 and rest.startswith("55"):
            return self.after_country_code(rest[2:])
        if size in (13, 14) and rest[2] == "0":
            raise _Refused(Reason.EXTRA_ZERO)
        if size in (12, 13):
            return self.national(rest[2:], csp=int(rest[:2]))
        raise _Refused(Reason.WRONG_LENGTH)

    def after_90(self, rest: str) -> Number:
        """Collect: 9090 and a local number, or 90, carrier, DDD and number. The class is that of
        the same call paid by the caller; whether to let it through is not decided here."""
        size = len(rest)
        if size in (10, 11) and rest.startswith("90"):
            number = self.local(rest[2:], collect=True)
        elif size in (12, 13) and rest[0] != "0":
            number = self.national(rest[2:], csp=int(rest[:2]), collect=True)
        else:
            raise _Refused(Reason.BAD_COLLECT)
        if number.kind is Kind.NATIONAL8:
            raise _Refused(Reason.BAD_COLLECT)
        return number

    def local(self, subscriber: str, *, collect: bool = False) -> Number:
        if NATIONAL8.fullmatch(subscriber):
            return self.national8(subscriber)
        kind = _subscriber_kind(subscriber)
        if self.own_ddd is None:
            raise _Refused(Reason.NO_OWN_DDD)
        return self.geographic(kind, self.own_ddd, subscriber, collect=collect)

    def national(self, rest: str, csp: int | None = None, *, collect: bool = False) -> Number:
        """DDD and subscriber's number."""
        if len(rest) not in (10, 11):
            missing = len(rest) in (8, 9)
            raise _Refused(Reason.MISSING_DDD if missing else Reason.WRONG_LENGTH)
        ddd, subscriber = int(rest[:2]), rest[2:]
        if ddd not in UF_BY_DDD:
            raise _Refused(Reason.UNKNOWN_DDD)
        if _NATIONAL8_AFTER_DDD.fullmatch(subscriber):
            return self.national8(subscriber)
        kind = _subscriber_kind(subscriber)
        return self.geographic(kind, ddd, subscriber, csp, collect=collect)

    def geographic(
        self, kind: Kind, ddd: int, subscriber: str, csp: int | None = None, *, collect: bool
    ) -> Number:
        call_class, band = classify_reach(kind, ddd, self.own_ddd)
        return Number(
            self.raw,
            kind,
            call_class,
            rating_digits=f"55{ddd}{subscriber}",
            ddd=ddd,
            vc=band,
            csp=csp,
            collect=collect,
            country="BR",
        )

    def national8(self, digits: str) -> Number:
        """One number for the whole country, charged as a local call."""
        return self._brazilian(Kind.NATIONAL8, CallClass.LOCAL_FIXED, f"55{digits}")

    def non_geographic(self, rest: str) -> Number:
        if not _NON_GEOGRAPHIC.fullmatch(rest):
            raise _Refused(Reason.BAD_NON_GEOGRAPHIC)
        kind, call_class = _NON_GEOGRAPHIC_KINDS[rest[0]]
        return self._brazilian(kind, call_class, f"55{rest}")

    def short(self, code: str) -> Number:
        if CARRIER_HELP.fullmatch(code):
            return self._brazilian(Kind.CARRIER_HELP, CallClass.SERVICES, code)
        if code in ALWAYS_ALLOWED_FREE:
            return self._brazilian(Kind.EMERGENCY, CallClass.EMERGENCY, code)
        if code in UTILITY:
            return self._brazilian(Kind.UTILITY, CallClass.SERVICES, code)
        raise _Refused(Reason.UNKNOWN_SHORT_CODE)

    def international(self, digits: str, csp: int | None = None) -> Number:
        # Imported late: most workers never see a foreign number, and never load the metadata.
        from tronco.numbering.international import find_international

        found = find_international(digits)
        if found is None:
            raise _Refused(Reason.BAD_INTERNATIONAL)
        e164, region = found
        return Number(self.raw, Kind.INTERNATIONAL, CallClass.LDI, e164, csp=csp, country=region)

    def _brazilian(self, kind: Kind, call_class: CallClass, digits: str) -> Number:
        return Number(self.raw, kind, call_class, digits, country="BR")
