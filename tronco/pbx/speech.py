"""What the system says by itself, in Brazilian Portuguese: sentences, and words put together. Pure.

A key names a recording. Set-up makes one of each from its text; a reseller may replace any by his
own. `say_*` return the keys to be played one after the other.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

SENTENCES: Final[dict[str, str]] = {
    # Asking and leading.
    "enter-pin": "Digite a sua senha, seguida da tecla jogo da velha.",
    "enter-number": "Digite o código de área e o número desejado, seguidos da tecla jogo da velha.",
    "enter-card": "Digite o número do seu cartão, seguido da tecla jogo da velha.",
    "enter-card-pin": "Digite a senha do cartão, seguida da tecla jogo da velha.",
    "balance-is": "O seu saldo é de",
    "minutes-left": "Para este destino, você tem",
    "connecting": "Aguarde. Estamos completando a sua ligação.",
    "recorded": "Esta ligação está sendo gravada.",
    "callback-soon": "Desligue, e aguarde. Nós ligaremos para você em instantes.",
    "goodbye": "Obrigado por ligar. Até logo.",
    "thank-you": "Agradecemos por aguardar.",
    "closed": "Nosso horário de atendimento está encerrado. Por favor, ligue mais tarde.",
    "leave-message": "Não podemos atender neste momento.",
    "record-after-tone": "Deixe a sua mensagem após o sinal. Ao terminar, tecle jogo da velha.",
    "message-saved": "A sua mensagem foi gravada. Obrigado.",
    "audio-test": "Este é um teste de áudio. Fale após o sinal, e você ouvirá a sua própria voz.",
    # One's own messages.
    "you-have": "Você tem",
    "no-messages": "Você não tem mensagens.",
    "no-new-messages": "Você não tem mensagens novas.",
    "message-from": "Mensagem recebida do número",
    "message-received": "Mensagem recebida",
    "message-keys": "Para ouvir de novo, tecle um. Para a próxima mensagem, tecle dois."
    " Para apagar, tecle três. Para sair, tecle zero.",
    "message-deleted": "Mensagem apagada.",
    "no-more-messages": "Não há mais mensagens. Até logo.",
    # Waiting.
    "queue-wait": "Todos os nossos atendentes estão ocupados. Por favor, aguarde na linha.",
    "queue-next": "A sua ligação é a próxima a ser atendida.",
    "queue-position": "A sua posição na fila é a de número",
    # What was typed is no good.
    "invalid-option": "Opção inválida.",
    "no-option": "Nenhuma opção foi digitada.",
    "wrong-pin": "Senha incorreta.",
    "wrong-card": "Cartão ou senha inválidos.",
    "invalid-number": "O número discado não existe. Verifique o número, e ligue novamente.",
    # Why a call goes no further.
    "error": "Ocorreu um erro. Por favor, ligue novamente.",
    "try-later": "O serviço está temporariamente indisponível. Tente novamente mais tarde.",
    "unavailable": "No momento, não foi possível completar a sua ligação. Tente mais tarde.",
    "busy": "O número chamado está ocupado.",
    "no-answer": "O número chamado não atende.",
    "nobody-there": "No momento, não há ninguém disponível para atender a sua ligação.",
    "not-allowed": "Este tipo de ligação não está permitido nesta linha.",
    "no-credit": "O seu saldo não é suficiente para esta ligação.",
    "suspended": "Este serviço está suspenso. Entre em contato com a sua operadora.",
    "locked-out": "Número de tentativas excedido. Tente novamente mais tarde.",
    "too-much-today": "O limite diário desta linha foi atingido. Tente novamente amanhã.",
    "caller-unknown": "Este número não recebe ligações sem identificação de chamada.",
    "caller-not-allowed": "Este número não recebe ligações do telefone que você está usando.",
    "not-in-portal": "Este telefone não está autorizado a usar o portal de voz.",
    "number-not-in-use": "O número chamado não está em uso. Consulte a lista, e ligue novamente.",
    "no-payer": "Este número não pode receber a sua ligação neste momento.",
    "card-unknown": "Cartão inválido.",
    "card-blocked": "Este cartão está bloqueado.",
    "card-expired": "A validade deste cartão terminou.",
    "card-empty": "Este cartão não tem mais créditos.",
}

_UNITS, _TENS, _HUNDREDS = (
    words.split()
    for words in (
        "zero um dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze "
        "dezesseis dezessete dezoito dezenove",
        "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
        "cento duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos "
        "novecentos",
    )
)
_MONTHS: Final = (
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
)
_FEMININE: Final = {"um": "uma", "dois": "duas"}


def _below_hundred(number: int) -> str:
    if number < len(_UNITS):
        return _UNITS[number]
    tens, unit = _TENS[number // 10 - 2], number % 10
    return f"{tens} e {_UNITS[unit]}" if unit else tens


def _feminine(text: str) -> str:
    head, space, last = text.rpartition(" ")
    return head + space + _FEMININE.get(last, last)


def _make_words() -> dict[str, str]:
    masculine = {f"n-{number}": _below_hundred(number) for number in range(100)}
    # 100 stands alone; `cento` goes before something.
    masculine |= {"n-100": "cem", "n-100-and": "cento"}
    hundreds = {f"n-{100 * place}": _HUNDREDS[place - 1] for place in range(2, 10)}
    feminine = {f"{key}-f": _feminine(text) for key, text in masculine.items()}
    feminine |= {f"{key}-f": text.replace("entos", "entas") for key, text in hundreds.items()}
    both = masculine | hundreds
    return {
        **both,
        **{key: text for key, text in feminine.items() if text != both[key.removesuffix("-f")]},
        "and": "e",
        "of": "de",
        "minus": "menos",
        "thousand": "mil",
        "million": "milhão",
        "millions": "milhões",
        "real": "real",
        "reais": "reais",
        "centavo": "centavo",
        "centavos": "centavos",
        "hour": "hora",
        "hours": "horas",
        "minute": "minuto",
        "minutes": "minutos",
        "new-message": "mensagem nova",
        "new-messages": "mensagens novas",
        "second": "segundo",
        "seconds": "segundos",
        "today": "hoje",
        "yesterday": "ontem",
        "day": "dia",
        "first": "primeiro",
        "at-hour": "à",
        "at-hours": "às",
        **{f"month-{place}": name for place, name in enumerate(_MONTHS, start=1)},
        # As Brazil says a 6 in a telephone number: `seis` is heard as `três`.
        "half-dozen": "meia",
    }


WORDS: Final[dict[str, str]] = _make_words()
SYSTEM_PROMPTS: Final[dict[str, str]] = SENTENCES | WORDS

# Far beyond any balance; whoever has more hears that it is this much.
MOST: Final = 999_999_999
_U_PER_CENTAVO: Final = 10_000

Keys = tuple[str, ...]


def say_number(number: int, *, feminine: bool = False) -> Keys:
    """Say a whole number; at most `MOST` and at least its negative."""
    if number < 0:
        return ("minus", *say_number(-number, feminine=feminine))
    number = min(number, MOST)
    if number == 0:
        return ("n-0",)
    millions, thousands, rest = number // 10**6, number // 1000 % 1000, number % 1000
    groups: list[tuple[int, Keys]] = []
    if millions:
        unit = "million" if millions == 1 else "millions"
        groups.append((millions, (*_below_thousand(millions), unit)))
    if thousands:
        count = () if thousands == 1 else _below_thousand(thousands, feminine=feminine)
        groups.append((thousands, (*count, "thousand")))
    if rest:
        groups.append((rest, _below_thousand(rest, feminine=feminine)))
    # `mil e duzentos`, `mil e vinte`, but `mil duzentos e vinte`.
    last = groups[-1][0]
    if len(groups) > 1 and (last < 100 or last % 100 == 0):
        groups[-1] = (last, ("and", *groups[-1][1]))
    return tuple(key for _, keys in groups for key in keys)


def say_digits(digits: str) -> Keys:
    """Say each digit, as telephone numbers and cards are read out; other characters are silent."""
    spoken = (digit for digit in digits if digit in "0123456789")
    return tuple("half-dozen" if digit == "6" else f"n-{digit}" for digit in spoken)


def say_money(amount_u: int) -> Keys:
    """Say an amount rounded to centavos as screens round it: half away from zero."""
    centavos_in_all = (abs(amount_u) + _U_PER_CENTAVO // 2) // _U_PER_CENTAVO
    reais, centavos = divmod(centavos_in_all, 100)
    sign: Keys = ("minus",) if amount_u < 0 and centavos_in_all else ()
    parts: list[Keys] = []
    if reais or not centavos:
        # `um milhão de reais`, but `um milhão e um reais`.
        of = ("of",) if reais and reais % 10**6 == 0 else ()
        parts.append((*say_number(reais), *of, "real" if reais == 1 else "reais"))
    if centavos:
        parts.append((*say_number(centavos), "centavo" if centavos == 1 else "centavos"))
    return sign + _joined(parts)


def say_minutes(seconds: int) -> Keys:
    """Say how long somebody may talk: hours and whole minutes, seconds below one minute."""
    hours, minutes = divmod(max(seconds, 0) // 60, 60)
    if 0 < seconds < 60:
        return (*say_number(seconds), "second" if seconds == 1 else "seconds")
    parts: list[Keys] = []
    if hours:
        parts.append((*say_number(hours, feminine=True), "hour" if hours == 1 else "hours"))
    if minutes or not hours:
        parts.append((*say_number(minutes), "minute" if minutes == 1 else "minutes"))
    return _joined(parts)


def say_moment(at: datetime, *, now: datetime) -> Keys:
    """Say when something was, by the clock of `at`: `ontem, às quatorze horas e cinco minutos`."""
    hour = ("at-hour" if at.hour == 1 else "at-hours", *say_number(at.hour, feminine=True))
    parts: list[Keys] = [(*hour, "hour" if at.hour == 1 else "hours")]
    if at.minute:
        parts.append((*say_number(at.minute), "minute" if at.minute == 1 else "minutes"))
    return (*_say_day(at.date(), today=now.astimezone(at.tzinfo).date()), *_joined(parts))


def _say_day(day: date, *, today: date) -> Keys:
    if 0 <= (ago := (today - day).days) <= 1:
        return ("yesterday" if ago else "today",)
    number: Keys = ("first",) if day.day == 1 else say_number(day.day)
    year = () if day.year == today.year else ("of", *say_number(day.year))
    return ("day", *number, "of", f"month-{day.month}", *year)


def say_messages(fresh: int, heard: int) -> Keys:
    """Say what waits in a mailbox: new messages, else whether there are any."""
    if not fresh:
        return ("no-new-messages",) if heard else ("no-messages",)
    what = "new-message" if fresh == 1 else "new-messages"
    return ("you-have", *say_number(fresh, feminine=True), what)


def spoken_text(keys: Keys) -> str:
    """Return the words of the keys."""
    return " ".join(SYSTEM_PROMPTS[key] for key in keys)


def _below_thousand(number: int, *, feminine: bool = False) -> Keys:
    hundreds, rest = divmod(number, 100)
    tail = (_gendered(f"n-{rest}", feminine=feminine),) if rest else ()
    if not hundreds:
        return tail
    if not rest:
        return (_gendered(f"n-{number}", feminine=feminine),)
    head = "n-100-and" if hundreds == 1 else _gendered(f"n-{hundreds}00", feminine=feminine)
    return (head, "and", *tail)


def _gendered(key: str, *, feminine: bool) -> str:
    return f"{key}-f" if feminine and f"{key}-f" in WORDS else key


def _joined(parts: list[Keys]) -> Keys:
    first, *others = parts
    return first + tuple(key for part in others for key in ("and", *part))
