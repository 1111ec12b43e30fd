"""What is known about a dialled string once it has been classified."""

from dataclasses import dataclass
from enum import StrEnum

from tronco.numbering.ddd import UF_BY_DDD


def gettext_noop(message: str) -> str:
    """Mark for translation only: Django's own marker would need settings, and this is pure."""
    return message


class CallClass(StrEnum):
    """The eight classes that routes and prices know, and emergency, which neither may touch."""

    LOCAL_FIXED = "local_fixed"
    LOCAL_MOBILE = "local_mobile"
    LDN_FIXED = "ldn_fixed"
    LDN_MOBILE = "ldn_mobile"
    N0300 = "n0300"
    N0800 = "n0800"
    SERVICES = "services"
    LDI = "ldi"
    EMERGENCY = "emergency"


class Kind(StrEnum):
    FIXED = "fixed"
    MOBILE = "mobile"
    TOLL_FREE = "toll_free"
    SHARED = "shared"
    DONATION = "donation"
    PREMIUM = "premium"
    NATIONAL8 = "national8"
    EMERGENCY = "emergency"
    UTILITY = "utility"
    CARRIER_HELP = "carrier_help"
    INTERNATIONAL = "international"
    INVALID = "invalid"


GEOGRAPHIC = frozenset({Kind.FIXED, Kind.MOBILE})
SHORT = frozenset({Kind.EMERGENCY, Kind.UTILITY, Kind.CARRIER_HELP})
NON_GEOGRAPHIC = frozenset({Kind.TOLL_FREE, Kind.SHARED, Kind.DONATION, Kind.PREMIUM})


class Reason(StrEnum):
    """Why a string cannot be dialled. The values are stable: logs and counters use them."""

    EMPTY = "empty"
    UNEXPECTED_CHARACTER = "unexpected-character"
    KEYPAD_CODE = "keypad-code"
    UNKNOWN_SHORT_CODE = "unknown-short-code"
    WRONG_LENGTH = "wrong-length"
    MISSING_DDD = "missing-ddd"
    NO_OWN_DDD = "no-own-ddd"
    UNKNOWN_DDD = "unknown-ddd"
    OLD_MOBILE = "old-mobile"
    BAD_SUBSCRIBER = "bad-subscriber"
    BAD_NON_GEOGRAPHIC = "bad-non-geographic"
    EXTRA_ZERO = "extra-zero"
    BAD_COLLECT = "bad-collect"
    BAD_CARRIER_CODE = "bad-carrier-code"
    BAD_INTERNATIONAL = "bad-international"


HINTS: dict[Reason, str] = {
    Reason.EMPTY: gettext_noop("Nothing was dialled."),
    Reason.UNEXPECTED_CHARACTER: gettext_noop(
        "Use digits only; a + may come first, for a number with its country code."
    ),
    Reason.KEYPAD_CODE: gettext_noop("A code with * or # is not a telephone number."),
    Reason.UNKNOWN_SHORT_CODE: gettext_noop("There is no service with this short code."),
    Reason.WRONG_LENGTH: gettext_noop(
        "Check the number of digits. In Brazil: DDD and 8 digits, or DDD and 9 digits for a"
        " mobile. Abroad: 00, the two digits of the carrier, country code and number."
    ),
    Reason.MISSING_DDD: gettext_noop("Put the DDD before the number."),
    Reason.NO_OWN_DDD: gettext_noop(
        "Dial the DDD as well: the line has no DDD of its own to complete a local number."
    ),
    Reason.UNKNOWN_DDD: gettext_noop("This DDD does not exist."),
    Reason.OLD_MOBILE: gettext_noop(
        "Mobile numbers have nine digits: put a 9 before the eight digits."
    ),
    Reason.BAD_SUBSCRIBER: gettext_noop(
        "After the DDD, a fixed number has 8 digits and begins with 2 to 5; a mobile number has"
        " 9 digits and begins with 9."
    ),
    Reason.BAD_NON_GEOGRAPHIC: gettext_noop(
        "After 0300, 0303, 0500, 0800 or 0900 come seven digits (six in some old numbers)."
    ),
    Reason.EXTRA_ZERO: gettext_noop("There is a 0 too many between the carrier and the DDD."),
    Reason.BAD_COLLECT: gettext_noop(
        "Collect calls go to fixed or mobile numbers: 9090 and a local number, or 90, the two"
        " digits of the carrier, DDD and number."
    ),
    Reason.BAD_CARRIER_CODE: gettext_noop(
        "After 00 come the two digits of the carrier, which never begin with 0."
    ),
    Reason.BAD_INTERNATIONAL: gettext_noop(
        "No such number abroad: check the country code and the number of digits."
    ),
}


@dataclass(frozen=True, slots=True)
class Number:
    """A classified string. Only what was found out is stored; the rest follows from it."""

    raw: str
    kind: Kind
    call_class: CallClass | None = None  # None when it cannot be dialled
    rating_digits: str = ""  # E.164 without "+", or the short code: what prices are looked up by
    ddd: int | None = None
    vc: int | None = None  # mobile only, and only when the line's own DDD is known
    csp: int | None = None  # the carrier chosen by the caller
    collect: bool = False  # the called party pays
    country: str = ""  # ISO region; "001" for numbers of no country, such as satellites
    reason: Reason | None = None

    @property
    def valid(self) -> bool:
        return self.reason is None

    @property
    def hint(self) -> str:
        """What the caller should do instead, in English, for gettext to translate."""
        return HINTS[self.reason] if self.reason else ""

    @property
    def e164(self) -> str:
        """Short codes have none: "+55190" is not a number anybody can call."""
        if not self.rating_digits or self.kind in SHORT:
            return ""
        return "+" + self.rating_digits

    @property
    def uf(self) -> str:
        return UF_BY_DDD[self.ddd] if self.ddd else ""

    @property
    def display(self) -> str:
        """As people write it: without country code, 0800 with its zero."""
        national = self.rating_digits[2:]
        if self.kind is Kind.INVALID:
            return self.raw.strip()
        if self.kind in SHORT:
            return self.rating_digits
        if self.kind is Kind.INTERNATIONAL:
            from tronco.numbering.international import display

            return display(self.e164)
        if self.kind is Kind.NATIONAL8:
            return f"{national[:4]}-{national[4:]}"
        if self.kind in NON_GEOGRAPHIC:
            return f"0{national[:3]} {national[3:6]} {national[6:]}"
        return f"({national[:2]}) {national[2:-4]}-{national[-4:]}"
