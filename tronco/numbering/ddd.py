"""The 67 Brazilian area codes (DDD) and the state (UF) each one is shown under.

Good for charts and for classes. Never for tax: four codes cross a state border (61 holds twelve
towns of Goiás; 42, 47 and 49 one town each), so the tax state comes from the customer's address.
"""

from zoneinfo import ZoneInfo

DDDS_BY_UF: dict[str, tuple[int, ...]] = {
    "AC": (68,),
    "AL": (82,),
    "AM": (92, 97),
    "AP": (96,),
    "BA": (71, 73, 74, 75, 77),
    "CE": (85, 88),
    "DF": (61,),
    "ES": (27, 28),
    "GO": (62, 64),
    "MA": (98, 99),
    "MG": (31, 32, 33, 34, 35, 37, 38),
    "MS": (67,),
    "MT": (65, 66),
    "PA": (91, 93, 94),
    "PB": (83,),
    "PE": (81, 87),
    "PI": (86, 89),
    "PR": (41, 42, 43, 44, 45, 46),
    "RJ": (21, 22, 24),
    "RN": (84,),
    "RO": (69,),
    "RR": (95,),
    "RS": (51, 53, 54, 55),
    "SC": (47, 48, 49),
    "SE": (79,),
    "SP": (11, 12, 13, 14, 15, 16, 17, 18, 19),
    "TO": (63,),
}

UF_BY_DDD: dict[int, str] = {ddd: uf for uf, ddds in DDDS_BY_UF.items() for ddd in ddds}


# Where clocks do not show Brasília's time; of a UF with two, that of most of its people.
_ZONES = {
    "AC": "America/Rio_Branco",
    "AM": "America/Manaus",
    "MS": "America/Campo_Grande",
    "MT": "America/Cuiaba",
    "RO": "America/Porto_Velho",
    "RR": "America/Boa_Vista",
}


def zone_of(ddd: int) -> ZoneInfo:
    """The time that clocks show in an area; Brasília's where it is none."""
    return ZoneInfo(_ZONES.get(UF_BY_DDD.get(ddd, ""), "America/Sao_Paulo"))


def vc(own_ddd: int, ddd: int) -> int:
    """The mobile charge band: 1 same DDD, 2 same first digit, 3 anywhere else."""
    if own_ddd == ddd:
        return 1
    return 2 if own_ddd // 10 == ddd // 10 else 3
