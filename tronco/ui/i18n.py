"""Translations without GNU gettext: finds the texts and keeps the catalogue.

    python -m tronco.ui.i18n    add new texts, drop gone ones, list what lacks Portuguese

Texts are English in the code; the one catalogue is pt-BR. It names no lines, and so merges well.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polib
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "locale" / "pt_BR" / "LC_MESSAGES" / "django.po"
SOURCES = ("tronco", "config")
TEMPLATES = "templates"
MODULES = {"django.utils.translation", "tronco.runtime.translations"}
HEADER = {
    "Language": "pt_BR",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=2; plural=(n > 1);",
}
_CALL = re.compile(r"\b(n?p?gettext|_)\(")
_LITERAL = re.compile(r"\s*,?\s*(u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"))")
_PLACE = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, order=True)
class Text:
    """One text to translate."""

    text: str
    plural: str = ""
    context: str = ""


def text_of(name: str, arguments: list[str]) -> Text | None:
    """Return the text of a call of one of gettext's functions, by its literal arguments."""
    context = arguments.pop(0) if "p" in name.replace("gettext", "") and arguments else ""
    wanted = 2 if name.lstrip("_").startswith("n") else 1
    if len(arguments) < wanted:
        return None
    return Text(arguments[0], arguments[1] if wanted == 2 else "", context)


def texts_of_code(source: str) -> Iterator[Text]:
    """Yield the texts of a Python module, whatever it calls gettext's functions."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name: alias.name.removesuffix("_lazy")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in MODULES
        for alias in node.names
        if "gettext" in alias.name
    }
    # The pure layers mark texts with a function of their own, for they know nothing of Django.
    names["gettext_noop"] = "gettext"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            literals = [
                arg.value
                for arg in node.args
                if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
            ]
            if text := text_of(names[node.func.id], literals):
                yield text


def texts_of_template(source: str) -> Iterator[Text]:
    """Yield the texts of a template."""
    code = templatize(source)
    for call in _CALL.finditer(code):
        literals = []
        at = call.end()
        while literal := _LITERAL.match(code, at):
            literals.append(ast.literal_eval(literal.group(1)))
            at = literal.end()
        if literals and (text := text_of(call.group(1).replace("_", "gettext"), literals)):
            yield text


def find_texts() -> set[Text]:
    """Return every text of the project."""
    found: set[Text] = set()
    for folder in SOURCES:
        for file in (ROOT / folder).rglob("*.py"):
            if "migrations" not in file.parts:
                found.update(texts_of_code(file.read_text()))
    for file in (ROOT / TEMPLATES).rglob("*.html"):
        found.update(texts_of_template(file.read_text()))
    found.discard(Text(""))
    return found


def key(entry: polib.POEntry) -> Text:
    """Return the text an entry translates."""
    return Text(entry.msgid, entry.msgid_plural, entry.msgctxt or "")


def update() -> list[polib.POEntry]:
    """Bring the catalogue up to date; return what lacks its translation."""
    catalogue = polib.pofile(str(CATALOGUE)) if CATALOGUE.exists() else polib.POFile()
    texts = find_texts()
    kept = {key(entry): entry for entry in catalogue if not entry.obsolete}
    entries = [kept.get(text) or new_entry(text) for text in sorted(texts)]
    fresh = polib.POFile(wrapwidth=0)
    fresh.metadata = HEADER
    fresh.extend(entries)
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    fresh.save(str(CATALOGUE))
    return lacking()


def new_entry(text: Text) -> polib.POEntry:
    """Return an entry without translation."""
    plural = {"msgid_plural": text.plural, "msgstr_plural": {0: "", 1: ""}} if text.plural else {}
    return polib.POEntry(msgid=text.text, msgctxt=text.context or None, **plural)


def lacking() -> list[polib.POEntry]:
    """Return the entries whose Portuguese is missing, doubtful, or has other places for values."""
    return [entry for entry in polib.pofile(str(CATALOGUE)) if not good(entry)]


def good(entry: polib.POEntry) -> bool:
    """Whether an entry has its translation, with the same places for values."""
    words = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
    places = set(_PLACE.findall(entry.msgid + entry.msgid_plural))
    # A singular may leave its number out.
    same = all(set(_PLACE.findall(word)) == places for word in words[-1:])
    return all(words) and not entry.fuzzy and same


def main() -> int:
    """Bring the catalogue up to date and say what is left to do."""
    missing = update()
    for entry in missing:
        sys.stdout.write(f"lacks Portuguese: {entry.msgid!r}\n")
    sys.stdout.write(f"{len(missing)} texts to translate in {CATALOGUE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
