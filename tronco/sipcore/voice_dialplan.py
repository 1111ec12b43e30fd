"""The part of the dialplan that answers itself: menus, portals, cards, queues, messages.

It is a loop without a mind of its own: sipcore is asked for the next step (AGI `step`), told STATE,
which it gave before, and INPUT, what was typed or how it went, and answers DO, an extension of the
context `moves`. When it does not answer, the caller is told so and the call ends.
"""

from __future__ import annotations

from pathlib import Path

from tronco.sipcore.dialplan_text import any_dialled, context, extension, goto, when
from tronco.sipcore.sounds import sound_path

# How long a leg may be tried; its own dialplan gives up a trunk, or a line, earlier.
LEG_S = 175
# A line's follow-me: with the time the line itself has rung, within the three minutes for which
# the price holds.
FOLLOW_S = 50
MESSAGE_SILENCE_S = 6
MESSAGE_S = 180
ECHO_S = 120
# The records of a conversation's legs name the call with which it began.
_LINK = "Set(__LINKED=${IF($[${ISNULL(${LINKED})}]?${UNIQUEID}:${LINKED})})"


def voice_contexts(*, agi: str, messages: Path) -> list[str]:
    """Return the contexts; `messages` is where recordings go."""
    return [
        context("leg", any_dialled(_leg_entry(agi))),
        context("member", any_dialled(["Set(__PAYER=member:${EXTEN})", goto("leg")])),
        context("own", any_dialled(_own())),
        context("follow", any_dialled(_follow())),
        context("mail", any_dialled(["Gosub(answer,s,1)", "Goto(moves,record,1)"])),
        context("callback", any_dialled(_callback())),
        # Nothing more is heard of a channel that took another's place.
        context("pickup", any_dialled(["Pickup()", "Set(DIALSTATUS=CHANUNAVAIL)", "Hangup(20)"])),
        context("answer", extension("s", _answer())),
        context("voice", any_dialled(_voice())),
        context("moves", _moves(agi, messages)),
    ]


def _leg_entry(agi: str) -> list[str]:
    """A call to the outside, or to a line, on behalf of a call that is there: see `legs.py`.

    Who pays is in variables that only this dialplan sets. Should sipcore not answer, LEG_FACTS is
    what the record needs, SHOWN what an emergency service sees.
    """
    return [
        "Set(CHANNEL(hangup_handler_push)=ended,s,1(${URIENCODE(${EXTEN})}))",
        "Set(FACTS=${LEG_FACTS})",
        "Set(CLI=${SHOWN})",
        "Set(__HOPS=$[0${HOPS} + 1])",
        f"AGI({agi}/leg,${{PAYER}},${{VIA}},${{HOPS}},${{LINKED}},${{TAPED}},${{QUEUED}})",
        'GotoIf($["${VERDICT}" = ""]?alone,${EXTEN},1)',
        'GotoIf($["${SAID}" = ""]?go)',
        "Progress()",
        "Playback(${SAID},noanswer)",
        "(go)" + goto("${VERDICT}"),
    ]


def _own() -> list[str]:
    """A number of ours that does more than ring: it arrives as if from a carrier."""
    return [
        "Set(I=1)",
        "Set(CALLERID(all)=${CLI})",
        f"Dial(Local/${{NEXT}}@from-us/n,{LEG_S},gU(answered^${{UNIQUEID}}^1)${{LIMIT}})",
        "Hangup(${HANGUPCAUSE})",
    ]


def _follow() -> list[str]:
    """To the number that a line follows to, which that line pays for."""
    return [
        "Set(I=1)",
        _LINK,
        "Set(__PAYER=follow:${LINE})",
        "Set(__VIA=)",
        f"Dial(Local/${{NEXT}}@leg/n,{FOLLOW_S},gU(answered^${{UNIQUEID}}^1)${{LIMIT}})",
        'GotoIf($["${DIALSTATUS}" != "ANSWER" & "${BOX}" != ""]?mail,${EXTEN},1)',
        "Hangup(${HANGUPCAUSE})",
    ]


def _callback() -> list[str]:
    """Hang up without having answered; sipcore calls back when this call is over."""
    return [
        'GotoIf($["${SOUND}" = ""]?end)',
        "Progress()",
        "Playback(${SOUND},noanswer)",
        "(end)Set(DIALSTATUS=BUSY)",
        "Hangup(17)",
    ]


def _voice() -> list[str]:
    return [
        "Set(CALLERID(num)=${CLI})",
        when('"${TAG}" != ""', "Set(CALLERID(name)=${TAG})"),
        _LINK,
        "Gosub(answer,s,1)",
        "Goto(moves,${DO},1)",
    ]


def _answer() -> list[str]:
    """From now on it costs, and the deadline runs on this very channel."""
    return [
        "Answer()",
        "Set(BEGAN=${STRFTIME(,,%s%3q)})",
        "Set(TIMEOUT(absolute)=0${FILTER(0-9,${LIMIT})})",
        "Gosub(answered,s,1(${UNIQUEID},1))",
        "Return()",
    ]


def _moves(agi: str, messages: Path) -> str:
    play = when('"${SOUND}" != ""', "Playback(${SOUND})")
    moves = {
        "step": [
            "Set(DO=)",
            f"AGI({agi}/step,${{STATE}},${{INPUT}})",
            "Set(INPUT=)",
            'GotoIf($["${DO}" = ""]?lost,1)',
            "Goto(${DO},1)",
        ],
        "ask": [
            "Set(TIMEOUT(response)=${FIRST_S})",
            "Set(TIMEOUT(digit)=${NEXT_S})",
            "Read(INPUT,${SOUND},${DIGITS},e)",
            "Goto(step,1)",
        ],
        "leg": [
            f"Dial(Local/${{NEXT}}@leg/n,{LEG_S},g)",
            "Set(INPUT=${DIALSTATUS})",
            "Goto(step,1)",
        ],
        "queue": [
            play,
            "Set(QUEUESTATUS=UNKNOWN)",
            # Without it the queue's rules raise nothing (`queues.py`).
            "Set(QUEUE_RAISE_PENALTY=0)",
            "Queue(${QUEUE},,,,${WAIT_S})",
            "Set(INPUT=${QUEUESTATUS})",
            "Goto(step,1)",
        ],
        "record": [
            play,
            "Set(CHANNEL(hangup_handler_push)=left,s,1(${BOX}))",
            # Whoever hangs up has left his message too; the tone is one of SOUND.
            f"Record({messages}/${{BOX}}~${{UNIQUEID}}.wav,{MESSAGE_SILENCE_S},{MESSAGE_S},kq)",
            when('"${SAVED}" != ""', "Playback(${SAVED})"),
            "Hangup(16)",
        ],
        "echo": [play, f"Set(TIMEOUT(absolute)={ECHO_S})", "Echo()", "Hangup(16)"],
        "end": [play, "Hangup(16)"],
        "lost": [f"Playback({sound_path('s:error')})", "Hangup(41)"],
    }
    return "".join(extension(name, steps) for name, steps in moves.items())
