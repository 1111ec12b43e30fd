"""Every rule of the dialling plan as rows: what is dialled, from which DDD -> what it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tronco.numbering.classify import ALWAYS_ALLOWED_FREE, UTILITY, classify
from tronco.numbering.ddd import UF_BY_DDD
from tronco.numbering.number import HINTS, SHORT, CallClass, Kind, Number, Reason

# dialled | own DDD | class | kind | E.164, or the short code | what else is not empty
ACCEPTED = """
# Rule 1: formatting is dropped, a leading + is kept
 11 3333-4444            | 11 | local_fixed  | fixed         | +551133334444   |
 (11) 98765-4321         | 11 | local_mobile | mobile        | +5511987654321  | vc=1
 +55 (11) 98765.4321     | 11 | local_mobile | mobile        | +5511987654321  | vc=1
 (+55) 11 98765/4321     | 11 | local_mobile | mobile        | +5511987654321  | vc=1
 11\u00a098765\u20114321 | 11 | local_mobile | mobile        | +5511987654321  | vc=1
 \u202a11987654321\u202c | 11 | local_mobile | mobile        | +5511987654321  | vc=1
 11987654321#            | 11 | local_mobile | mobile        | +5511987654321  | vc=1

# Rule 2: short codes; the free ones whatever stands before them
 190                     | 11 | emergency    | emergency     | 190             |
 190                     |    | emergency    | emergency     | 190             |
 1-9-0                   | 11 | emergency    | emergency     | 190             |
 190#                    | 11 | emergency    | emergency     | 190             |
 #31#190                 | 11 | emergency    | emergency     | 190             |
 *31#190                 | 11 | emergency    | emergency     | 190             |
 0190                    | 11 | emergency    | emergency     | 190             |
 0 11 190                | 11 | emergency    | emergency     | 190             |
 0xx11 190               | 11 | emergency    | emergency     | 190             |
 +190                    | 11 | emergency    | emergency     | 190             |
 +55190                  | 11 | emergency    | emergency     | 190             |
 +55 0190                | 11 | emergency    | emergency     | 190             |
 +55 11 190              | 11 | emergency    | emergency     | 190             |
 0055 190                | 11 | emergency    | emergency     | 190             |
 0055 11 190             | 11 | emergency    | emergency     | 190             |
 100                     | 11 | emergency    | emergency     | 100             |
 112                     | 11 | emergency    | emergency     | 112             |
 128                     | 11 | emergency    | emergency     | 128             |
 911                     | 11 | emergency    | emergency     | 911             |
 180                     | 11 | emergency    | emergency     | 180             |
 182                     | 11 | emergency    | emergency     | 182             |
 188                     | 11 | emergency    | emergency     | 188             |
 192                     | 11 | emergency    | emergency     | 192             |
 193                     | 11 | emergency    | emergency     | 193             |
 196                     | 11 | emergency    | emergency     | 196             |
 199                     | 11 | emergency    | emergency     | 199             |
 102                     | 11 | services     | utility       | 102             |
 115                     | 11 | services     | utility       | 115             |
 136                     | 11 | services     | utility       | 136             |
 142                     | 11 | services     | utility       | 142             |
 156                     | 11 | services     | utility       | 156             |
 160                     | 11 | services     | utility       | 160             |
 +55 102                 | 11 | services     | utility       | 102             |
 10315                   | 11 | services     | carrier_help  | 10315           |
 10321                   |    | services     | carrier_help  | 10321           |
 1052                    | 11 | services     | carrier_help  | 1052            |
 1068                    | 11 | services     | carrier_help  | 1068            |
 1331                    | 11 | services     | carrier_help  | 1331            |

# Rule 3: + and a country code
 +551133334444           | 11 | local_fixed  | fixed         | +551133334444   |
 +55 11 3333-4444        | 21 | ldn_fixed    | fixed         | +551133334444   |
 +55 011 3333-4444       | 11 | local_fixed  | fixed         | +551133334444   |
 +5540041234             | 11 | local_fixed  | national8     | +5540041234     |
 +5540091234             | 11 | local_fixed  | national8     | +5540091234     |
 +558001234567           | 11 | n0800        | toll_free     | +558001234567   |
 +55 0800 123 4567       | 11 | n0800        | toll_free     | +558001234567   |
 +553032123456           | 11 | n0300        | shared        | +553032123456   |
 +1 212 555 1234         | 11 | ldi          | international | +12125551234    | country=US
 +44 20 7946 0958        | 11 | ldi          | international | +442079460958   | country=GB
 +44 (0)20 7946 0958     | 11 | ldi          | international | +442079460958   | country=GB
 +351 912 345 678        |    | ldi          | international | +351912345678   | country=PT
 +39 06 1234 5678        | 11 | ldi          | international | +390612345678   | country=IT
 +7 701 234 5678         | 11 | ldi          | international | +77012345678    | country=KZ
 +54 11 15 2345 6789     | 11 | ldi          | international | +5491123456789  | country=AR
 +870 773 111 632        | 11 | ldi          | international | +870773111632   | country=001

# Rule 4: 00, carrier, country code; 0055 is Brazil, not a carrier 55
 00 15 1 212 555 1234    | 11 | ldi          | international | +12125551234    | csp=15 country=US
 0021 44 20 7946 0958    | 11 | ldi          | international | +442079460958   | csp=21 country=GB
 00xx1 212 555 1234      | 11 | ldi          | international | +12125551234    | country=US
 00 21 55 11 98765 4321  | 21 | ldn_mobile   | mobile        | +5511987654321  | csp=21 vc=3
 0055 11 98765 4321      | 11 | local_mobile | mobile        | +5511987654321  | vc=1
 0055 11 3333 4444       | 21 | ldn_fixed    | fixed         | +551133334444   |

# Rule 5: collect calls have the class of the same call paid by the caller
 9090 3333 4444          | 11 | local_fixed  | fixed         | +551133334444   | collect
 9090 98765 4321         | 11 | local_mobile | mobile        | +5511987654321  | collect vc=1
 90 15 11 3333 4444      | 11 | local_fixed  | fixed         | +551133334444   | collect csp=15
 90 15 11 3333 4444      | 21 | ldn_fixed    | fixed         | +551133334444   | collect csp=15
 90 41 11 98765 4321     | 12 | ldn_mobile   | mobile        | +5511987654321  | collect csp=41 vc=2

# Rule 6: non-geographic numbers
 0800 123 4567           | 11 | n0800        | toll_free     | +558001234567   |
 0800 123456             | 11 | n0800        | toll_free     | +55800123456    |
 0800 123 4567           |    | n0800        | toll_free     | +558001234567   |
 0300 123 4567           | 11 | n0300        | shared        | +553001234567   |
 0300 123 456            | 11 | n0300        | shared        | +55300123456    |
 0303 123 4567           | 11 | n0300        | shared        | +553031234567   |
 0500 123 4567           | 11 | n0300        | donation      | +555001234567   |
 0900 123 4567           | 11 | n0300        | premium       | +559001234567   |
 55 800 123 4567         | 11 | n0800        | toll_free     | +558001234567   |

# Rule 7: 0, carrier, DDD
 0 15 11 3333 4444       | 21 | ldn_fixed    | fixed         | +551133334444   | csp=15
 0 15 11 3333 4444       | 11 | local_fixed  | fixed         | +551133334444   | csp=15
 0 41 11 98765 4321      | 21 | ldn_mobile   | mobile        | +5511987654321  | csp=41 vc=3
 0 21 21 98765 4321      | 24 | ldn_mobile   | mobile        | +5521987654321  | csp=21 vc=2
 055 11 3333 4444        | 11 | local_fixed  | fixed         | +551133334444   |
 055 11 98765 4321       | 11 | local_mobile | mobile        | +5511987654321  | vc=1

# Rule 8: 0, DDD
 011 3333 4444           | 11 | local_fixed  | fixed         | +551133334444   |
 011 98765 4321          | 21 | ldn_mobile   | mobile        | +5511987654321  | vc=3
 (0xx11) 3333-4444       | 11 | local_fixed  | fixed         | +551133334444   |
 (0XX11) 98765-4321      | 11 | local_mobile | mobile        | +5511987654321  | vc=1

# Rule 9: 55 without +
 55 11 3333 4444         | 11 | local_fixed  | fixed         | +551133334444   |
 55 55 99999 1234        | 51 | ldn_mobile   | mobile        | +5555999991234  | vc=2

# Rule 10: DDD; 55 is one, too. Local or not is "the same DDD", without own DDD it is not
 1133334444              | 11 | local_fixed  | fixed         | +551133334444   |
 11987654321             | 11 | local_mobile | mobile        | +5511987654321  | vc=1
 5532221234              | 55 | local_fixed  | fixed         | +555532221234   |
 55987654321             | 11 | ldn_mobile   | mobile        | +5555987654321  | vc=3
 1133334444              | 12 | ldn_fixed    | fixed         | +551133334444   |
 1133334444              |    | ldn_fixed    | fixed         | +551133334444   |
 1133334444              | 20 | ldn_fixed    | fixed         | +551133334444   |
 11987654321             |    | ldn_mobile   | mobile        | +5511987654321  |
 71987654321             | 79 | ldn_mobile   | mobile        | +5571987654321  | vc=2
 21987654321             | 51 | ldn_mobile   | mobile        | +5521987654321  | vc=3
 61987654321             | 22 | ldn_mobile   | mobile        | +5561987654321  | vc=3
 11 5733 4444            | 11 | local_fixed  | fixed         | +551157334444   |
 11 90000 0000           | 11 | local_mobile | mobile        | +5511900000000  | vc=1

# Rule 11: eight digits for the whole country; with a DDD only the best known
 4004 1234               | 11 | local_fixed  | national8     | +5540041234     |
 4004-1234               |    | local_fixed  | national8     | +5540041234     |
 3003 1234               | 11 | local_fixed  | national8     | +5530031234     |
 4020 1234               | 11 | local_fixed  | national8     | +5540201234     |
 4009 1234               | 11 | local_fixed  | national8     | +5540091234     |
 11 4004-1234            | 11 | local_fixed  | national8     | +5540041234     |
 21 4004-1234            | 11 | local_fixed  | national8     | +5540041234     |
 11 3003 1234            | 21 | local_fixed  | national8     | +5530031234     |
 11 4020 1234            | 11 | local_fixed  | national8     | +5540201234     |
 11 4003 1234            | 11 | local_fixed  | national8     | +5540031234     |
 0 15 11 4004 1234       | 11 | local_fixed  | national8     | +5540041234     |
 55 4004 1234            | 11 | local_fixed  | national8     | +5540041234     |
 62 3002 1234            | 62 | local_fixed  | fixed         | +556230021234   |
 91 4009 1234            | 11 | ldn_fixed    | fixed         | +559140091234   |

# Rule 12: local numbers take the DDD of the line
 3333-4444               | 11 | local_fixed  | fixed         | +551133334444   |
 3333-4444               | 85 | local_fixed  | fixed         | +558533334444   |
 98765-4321              | 11 | local_mobile | mobile        | +5511987654321  | vc=1
 5501 1190               | 11 | local_fixed  | fixed         | +551155011190   |
"""

# dialled | own DDD | reason
REFUSED = """
# Rule 13: mobiles of eight digits
 8765-4321               | 11 | old-mobile
 7765-4321               | 11 | old-mobile
 11 6765 4321            | 11 | old-mobile
 11 7765 4321            | 11 | old-mobile
 11 8765 4321            | 11 | old-mobile
 11 9765 4321            | 11 | old-mobile
 0 15 11 8765 4321       | 11 | old-mobile
 +55 11 8765 4321        | 11 | old-mobile
 9090 8765 4321          | 11 | old-mobile

# Not numbers of the plan
 11 1234 5678            | 11 | bad-subscriber
 11 0234 5678            | 11 | bad-subscriber
 11 87654 3210           | 11 | bad-subscriber
 1234 5678               | 11 | bad-subscriber
 20 3333 4444            | 11 | unknown-ddd
 23 98765 4321           | 11 | unknown-ddd
 52 3333 4444            | 11 | unknown-ddd
 30 3212-3456            | 11 | unknown-ddd
 0 15 30 3212-3456       | 11 | unknown-ddd
 800 123 4567            | 11 | unknown-ddd
 30 4004 1234            | 11 | unknown-ddd
 3333-4444               |    | no-own-ddd
 3333-4444               | 20 | no-own-ddd
 9090 3333 4444          |    | no-own-ddd
 0 3333 4444             | 11 | missing-ddd
 0 98765 4321            | 11 | missing-ddd
 +55 3333 4444           | 11 | missing-ddd
 +55 98765 4321          | 11 | missing-ddd
 021 0 11 3333 4444      | 11 | extra-zero
 021 0 11 98765 4321     | 11 | extra-zero
 0303 1234               | 11 | bad-non-geographic
 0303 123 456            | 11 | bad-non-geographic
 0800 12345              | 11 | bad-non-geographic
 0800 1234 5678          | 11 | bad-non-geographic
 0900                    | 11 | bad-non-geographic
 90 11 3333 4444         | 11 | bad-collect
 9090 4004 1234          | 11 | bad-collect
 90 15 11 4004 1234      | 11 | bad-collect
 90 05 11 3333 4444      | 11 | bad-collect
 101                     | 11 | unknown-short-code
 119                     | 11 | unknown-short-code
 179                     | 11 | unknown-short-code
 200                     | 11 | unknown-short-code
 11190                   | 11 | unknown-short-code
 55190                   | 11 | unknown-short-code
 1039                    | 11 | unknown-short-code
 333 4444                | 11 | wrong-length
 15 11 3333 4444         | 11 | wrong-length
 442079460958            | 11 | wrong-length
 11 3333 44445555        | 11 | wrong-length
 +55 11 3333             | 11 | wrong-length
 000 1 212 555 1234      | 11 | bad-carrier-code
 00                      | 11 | bad-carrier-code
 00 15                   | 11 | bad-international
 00 1 212 555 1234       | 11 | bad-international
 0055 1 212 555 1234     | 11 | bad-subscriber
 +1 212 555 123          | 11 | bad-international
 +999 1234 5678          | 11 | bad-international
 +0 11 3333 4444         | 11 | bad-international

# Not telephone numbers
                         | 11 | empty
 ( - )                   | 11 | empty
 *100                    | 11 | keypad-code
 #31#                    | 11 | keypad-code
 #31# 11 98765 4321      | 11 | keypad-code
 *31#100#5               | 11 | keypad-code
 #                       | 11 | keypad-code
 0800 CASA               | 11 | unexpected-character
 +                       | 11 | unexpected-character
 ++55 11 3333 4444       | 11 | unexpected-character
 55+11 3333 4444         | 11 | unexpected-character
 11 3333 4444 r. 12      | 11 | unexpected-character
 \uff11\uff19\uff10      | 11 | unexpected-character
"""


def rows(table: str) -> list[list[str]]:
    lines = (line for line in table.splitlines() if "|" in line)
    return [[cell.strip(" ") for cell in line.split("|")] for line in lines]


def own(cell: str) -> int | None:
    return int(cell) if cell else None


def extras(number: Number) -> str:
    """What the last column holds, in its order; Brazil is not worth saying."""
    found: dict[str, object] = {"collect": number.collect, "csp": number.csp, "vc": number.vc}
    found["country"] = number.country if number.call_class is CallClass.LDI else ""
    given = ((name, value) for name, value in found.items() if value)
    return " ".join(name if value is True else f"{name}={value}" for name, value in given)


@pytest.mark.parametrize(
    ("dialled", "own_ddd", "call_class", "kind", "number", "more"), rows(ACCEPTED)
)
def test_accepted(
    dialled: str, own_ddd: str, call_class: str, kind: str, number: str, more: str
) -> None:
    found = classify(dialled, own_ddd=own(own_ddd))

    answer = (found.call_class, found.kind, found.e164 or found.rating_digits, extras(found))
    assert answer == (call_class, kind, number, more)
    assert found.valid
    assert found.raw == dialled
    assert found.rating_digits == number.removeprefix("+")
    assert found.country == "BR" or found.call_class is CallClass.LDI
    assert (found.kind in SHORT) == (found.e164 == "")
    assert found.hint == ""


@pytest.mark.parametrize(("dialled", "own_ddd", "reason"), rows(REFUSED))
def test_refused(dialled: str, own_ddd: str, reason: str) -> None:
    found = classify(dialled, own_ddd=own(own_ddd))

    assert found == Number(raw=dialled, kind=Kind.INVALID, reason=Reason(reason))
    assert not found.valid
    assert found.hint == HINTS[Reason(reason)]
    assert found.e164 == found.rating_digits == found.uf == ""


def test_every_reason_has_a_row_and_a_hint() -> None:
    assert {row[2] for row in rows(REFUSED)} == set(Reason)
    assert set(HINTS) == set(Reason)


@pytest.mark.parametrize("code", range(1000))
def test_every_code_of_three_digits(code: int) -> None:
    text = f"{code:03}"
    free = code in {100, 112, 128, 911} or 180 <= code <= 199
    assert (text in ALWAYS_ALLOWED_FREE) == free

    found = classify(text, own_ddd=11)

    expected = Kind.EMERGENCY if free else Kind.UTILITY if text in UTILITY else Kind.INVALID
    assert found.kind is expected


def test_each_ddd_is_accepted_and_no_other() -> None:
    for ddd in range(11, 100):
        found = classify(f"{ddd}33334444")
        assert found.valid == (ddd in UF_BY_DDD), ddd
        assert found.uf == UF_BY_DDD.get(ddd, "")


@pytest.mark.parametrize(
    ("dialled", "display"),
    [
        ("1133334444", "(11) 3333-4444"),
        ("+5511987654321", "(11) 98765-4321"),
        ("08001234567", "0800 123 4567"),
        ("0800123456", "0800 123 456"),
        ("03031234567", "0303 123 4567"),
        ("11 40041234", "4004-1234"),
        ("1-9-0", "190"),
        ("+12125551234", "+1 212-555-1234"),
        ("+4402079460958", "+44 20 7946 0958"),
        (" *100 ", "*100"),
    ],
)
def test_display(dialled: str, display: str) -> None:
    assert classify(dialled, own_ddd=11).display == display


def test_foreign_metadata_is_loaded_only_for_foreign_numbers() -> None:
    program = """
import sys
from tronco.numbering.classify import classify
for dialled in ("190", "11987654321", "08001234567", "#31#"):
    classify(dialled, own_ddd=11).display
assert "phonenumbers" not in sys.modules
classify("+12125551234")
assert "phonenumbers" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
