"""The one dialplan: what Asterisk does by itself, which is little.

A call asks sipcore once (AGI) and is told everything in one command: a verdict, the routes in
their order, how long it may last. Asterisk tries the routes, keeps the deadline, and writes two
lines into the spool: `A` when it is answered and `E` when it ends. Whatever becomes of sipcore, the
deadline holds and the lines are written; without it only emergency calls leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tronco.numbering.classify import ALWAYS_ALLOWED_FREE
from tronco.sipcore.dialplan_text import NOW, any_dialled, append, context, extension, goto, when
from tronco.sipcore.voice_dialplan import voice_contexts

# Q.850 causes after which another trunk cannot help: the called party has spoken, or the network
# of the number has.
DEFINITIVE_CAUSES = (1, 16, 17, 19, 22, 26, 28)
# Said by the called party with 603, and by a carrier that will not serve us with 403.
REJECTED, DECLINE = 21, 603
# Nobody answered: the called party if it has rung, else the carrier is silent.
NO_RESPONSE = 18
RING_S = 60
# No other trunk is tried after this: the price was found for an answer within three minutes.
GIVE_UP_S = 110

# What a phone may dial. A comma, a colon or a line's end would be read by the dialplan, or by
# sipcore, as its own.
NUMBER = "^[A-Za-z0-9+*#._~()/ !'-]+$"
# How a phone may say where it is: no second number, no option of Dial, and no parameter that leads
# elsewhere (maddr, method).
CONTACT = (
    "^sips?:([A-Za-z0-9_.+*%~!-]+@)?[][A-Za-z0-9.:-]+(\\;[A-LN-Za-ln-z][A-Za-z0-9_.+*%~!:=-]*)*$"
)

# The other end is beside the two who talk by then.
_TELL = ("Answer()", "Wait(0.4)", "Playback(${SOUND})", "Hangup()")


def extensions_conf(*, agi: str, spool: Path, messages: Path, tapes: Path) -> str:
    """Return `extensions.conf`."""
    return "\n".join(
        [
            "[general]\nstatic = yes\nwriteprotect = yes\nclearglobalvars = yes\n",
            context("from-line", _entry(f"{agi}/outgoing")),
            context("from-trunk", _entry(f"{agi}/incoming")),
            # Numbers of ours that were dialled from within.
            context("from-us", _entry(f"{agi}/incoming,${{HOPS}},${{TAPED}}")),
            context("dial", any_dialled(_dial())),
            context("line", any_dialled(_line())),
            context("refuse", any_dialled(_refuse())),
            context("hang-up", any_dialled(_hang_up())),
            context("answered", extension("s", _answered(spool))),
            context("taped", extension("s", _taped(spool, tapes))),
            context("ended", extension("s", _ended(spool))),
            context("left", extension("s", _left(spool))),
            context("warning", extension("s", ["Answer()", "Playback(beep)", "Hangup()"])),
            context("whisper", extension("s", ["ChanSpy(${TARGET},qwEb)", "Hangup()"])),
            context("tell", extension("s", _TELL)),
            context("tell-both", extension("s", ["ChanSpy(${TARGET},qBEb)", "Hangup()"])),
            *voice_contexts(agi=agi, messages=messages),
            "#include extensions_emergency.conf\n",
        ]
    )


def emergency_dialplan(trunks: Sequence[tuple[str, str]]) -> str:
    """Return the context of calls that sipcore did not answer; trunks as (endpoint, prefix)."""
    lines = []
    for code in sorted(ALWAYS_ALLOWED_FREE) if trunks else ():
        routes = "|".join(f"${{CLI}}>PJSIP/{prefix}{code}@{name}" for name, prefix in trunks)
        for dialled in (code, f"0{code}"):
            steps = [f"Set(ROUTES={routes})", f"Set(FACTS=${{FACTS}}&alone={code})", goto("dial")]
            lines.append(extension(str(dialled), steps))
    return context(
        "alone", "".join([*lines, any_dialled(["Set(SIP=503)", "Set(CAUSE=34)", goto("hang-up")])])
    )


def _entry(agi: str) -> str:
    """Ask sipcore. Every step is told to all of Asterisk, so there are few."""
    handler = "CHANNEL(hangup_handler_push)=ended,s,1(${URIENCODE(${EXTEN})})"
    is_number = _matches(NUMBER, "${REPLACE(EXTEN,:,?)}")
    diverted = "${LEN(${REPLACE(CALLERID(rdnis),:,_)})}"
    return any_dialled(
        [
            # What it says of itself goes to sipcore line by line: nothing comes before this.
            f'MSet(CALLERID(num)={_cleaned("num")},CALLERID(name)=,"{handler}")',
            f"GotoIf($[{diverted} = 0 & {is_number}]?ask)",
            when(f"{diverted} > 0", f"Set(CALLERID(rdnis)={_cleaned('rdnis')})"),
            f"GotoIf({is_number}?ask)",
            # Nothing may be made of such a number before this.
            "Set(FACTS=reason=invalid-number)",
            "Set(VERDICT=refuse)",
            "PJSIPHangup(484)",
            f"(ask)AGI({agi})",
            goto('${IF($["${VERDICT}" = ""]?alone:${VERDICT})}'),
        ]
    )


def _matches(pattern: str, value: str) -> str:
    """Whether a value that others wrote matches, which is 1 or 0.

    It must not be able to hold both `)` and `:`: Asterisk takes what follows an expression's last
    parenthesis and a colon for an offset, and would look at the rest of it only.
    """
    return f'${{REGEX("{pattern}" {value})}}'


def _cleaned(field: str) -> str:
    return f"${{FILTER(A-Za-z0-9+*#._-,${{CALLERID({field})}})}}"


def _dial() -> list[str]:
    """Try each of ROUTES, `caller>channel|caller>channel`, until a definitive answer."""
    definitive = "|".join(map(str, DEFINITIVE_CAUSES))
    caller = "CALLERID(all)=${CUT(%s,>,1)}"  # the name too, which would be what the phone claims
    return [
        f"MSet(I=1,GIVE_UP=$[${{EPOCH}} + {GIVE_UP_S}],ROUTE=${{CUT(ROUTES,|,1)}},"
        f"{caller % 'ROUTES'})",
        # With g, for a trunk that has no format of the caller's would end the call.
        f"(try)Dial(${{CUT(ROUTE,>,2)}},{RING_S},gi{_talk('${I}')})",
        when('"${DIALSTATUS}" = "ANSWER"', "Hangup(${HANGUPCAUSE})"),
        "Set(SIP=${HANGUPCAUSE(${HANGUPCAUSE_KEYS()},tech):4:3})",
        "Set(ATTEMPTS=${ATTEMPTS}${I}/${DIALSTATUS}/${HANGUPCAUSE}/${SIP}+)",
        'GotoIf($["${DIALSTATUS}" = "BUSY" | "${DIALSTATUS}" = "NOANSWER"]?done)',
        f'GotoIf($["${{HANGUPCAUSE}}" : "^({definitive})$"]?done)',
        f'GotoIf($["${{HANGUPCAUSE}}/${{SIP}}" = "{REJECTED}/{DECLINE}"]?done)',
        f'GotoIf($["${{HANGUPCAUSE}}" = "{NO_RESPONSE}" & "${{RINGTIME}}" != ""]?done)',
        "GotoIf($[${EPOCH} > ${GIVE_UP}]?failed)",
        "Set(ROUTE=${CUT(ROUTES,|,$[${I} + 1])})",
        'GotoIf($["${ROUTE}" = ""]?failed)',
        "Set(I=$[${I} + 1])",
        "HangupCauseClear()",
        f"Set({caller % 'ROUTE'})",
        "Goto(try)",
        "(failed)Hangup(34)",
        "(done)Hangup(${HANGUPCAUSE})",
    ]


def _line() -> list[str]:
    """Ring every phone of the circuit LINE that answers probes: PHONES are it and its pages.

    NEXT_<status> is where the line follows to when it does not answer, BOX its voicemail.
    """
    return [
        "Set(I=1)",
        "Set(CALLERID(num)=${CLI})",
        when('"${TAG}" != ""', "Set(CALLERID(name)=${TAG})"),
        "(phone)Set(PHONE=${SHIFT(PHONES,&)})",
        'GotoIf($["${PHONE}" = ""]?ring)',
        "Set(CONTACTS=${PJSIP_AOR(${PHONE},contact)})",
        "(next)Set(CONTACT=${SHIFT(CONTACTS)})",
        'GotoIf($["${CONTACT}" = ""]?phone)',
        'GotoIf($["${PJSIP_CONTACT(${CONTACT},status)}" = "Unreachable"]?next)',
        "Set(URI=${PJSIP_CONTACT(${CONTACT},uri)})",
        f"GotoIf({_matches(CONTACT, '${REPLACE(URI,(),#)}')}?:next)",
        # A page hears in its own way, whatever the line's other telephones do.
        'Set(AS=${IF($["${PHONE}" = "${LINE}" & "${ENDPOINT}" != ""]?${ENDPOINT}:${PHONE})})',
        "Set(ROUTE=${ROUTE}&PJSIP/${AS}/${URI})",
        "Goto(next)",
        '(ring)GotoIf($["${ROUTE}" = ""]?away)',
        f"Dial(${{ROUTE:1}},${{RING_S}},gi{_talk('1')})",
        'GotoIf($["${DIALSTATUS}" = "ANSWER"]?done)',
        "(else)Set(NEXT=${NEXT_${DIALSTATUS}})",
        'GotoIf($["${NEXT}" != ""]?follow,${EXTEN},1)',
        'GotoIf($["${BOX}" != ""]?mail,${EXTEN},1)',
        "(done)Hangup(${IF($[${ISNULL(${ROUTE})}]?20:${HANGUPCAUSE})})",
        "(away)Set(DIALSTATUS=CHANUNAVAIL)",
        "Goto(else)",
    ]


def _refuse() -> list[str]:
    """Tell why, without answering, and refuse with the status that means it."""
    return [
        'GotoIf($["${SOUND}" = ""]?end)',
        "Progress()",
        "Playback(${SOUND},noanswer)",
        "(end)" + goto("hang-up"),
    ]


def _hang_up() -> list[str]:
    """With the SIP status that means it; between channels of ours there is only the cause."""
    return [
        when('"${CHANNEL(channeltype)}" = "PJSIP"', "PJSIPHangup(${SIP})"),
        "Hangup(${CAUSE})",
    ]


def _talk(route: str) -> str:
    """Options of a Dial whose two sides talk: TAPE is who wants it recorded, TELL says so."""
    answered = '${IF($["${TAPE}" = ""]?answered:taped)}'
    return f"U({answered}^${{UNIQUEID}}^{route}^${{TAPE}}^${{TELL}})${{LIMIT}}"


def _answered(spool: Path) -> list[str]:
    """Runs on the called channel, before the two hear each other."""
    return [append(spool, ["A", "${ARG1}", NOW, "${ARG2}", "${CHANNEL}"]), "Return()"]


def _taped(spool: Path, tapes: Path) -> list[str]:
    """The same, of a call that somebody wants recorded."""
    said, end = _answered(spool)
    return [
        said,
        # If it cannot write, the call goes on all the same.
        f"MixMonitor({tapes}/${{ARG3}}~${{ARG1}}.wav,b)",
        'GotoIf($["${ARG4}" = ""]?end)',
        "Originate(Local/s@tell/n,exten,tell-both,s,1,,av(TARGET=${CHANNEL}^SOUND=${ARG4}))",
        f"(end){end}",
    ]


def _ended(spool: Path) -> list[str]:
    """Runs on the calling channel when all is over, however it ended."""
    # A call that we answered ourselves counts from there, whatever it was connected to.
    since_ms = "$[${STRFTIME(,,%s%3q)} - 0${BEGAN}]"
    fields = [
        "E",
        "${UNIQUEID}",
        NOW,
        f'${{IF($["${{BEGAN}}" = ""]?${{ANSWEREDTIME_MS}}:{since_ms})}}',
        "${DIALSTATUS}",
        "${HANGUPCAUSE}",
        "${I}",
        "${VERDICT}",
        "${CHANNEL}",
        "${ARG1}",
        "${URIENCODE(${CALLERID(num)})}",
        "${ATTEMPTS}",
        # Of the telephones that rang, or who picked the call up: the one who talked.
        "${FACTS}&peer=${URIENCODE(${DIALEDPEERNAME})}",
    ]
    return [append(spool, fields), "Return()"]


def _left(spool: Path) -> list[str]:
    """Runs before that where a message was left for the circuit ARG1."""
    fields = ["V", "${UNIQUEID}", NOW, "${ARG1}", "${URIENCODE(${CALLERID(num)})}"]
    return [append(spool, fields), "Return()"]
