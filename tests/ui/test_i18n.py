"""The Portuguese is complete, and the tool finds every text."""

from __future__ import annotations

import polib

from tronco.ui import i18n
from tronco.ui.i18n import Text


def test_every_text_has_its_portuguese() -> None:
    catalogue = {i18n.key(entry) for entry in polib.pofile(str(i18n.CATALOGUE))}
    missing = sorted(text.text for text in i18n.find_texts() - catalogue)
    assert missing == [], "run `python -m tronco.ui.i18n` and translate what it lists"
    assert [entry.msgid for entry in i18n.lacking()] == []


def test_no_text_stands_there_twice() -> None:
    """Gettext tells a text from one with a plural by nothing: the second would be lost."""
    entries = polib.pofile(str(i18n.CATALOGUE))
    assert len({(entry.msgctxt, entry.msgid) for entry in entries}) == len(entries)


def test_texts_of_code_whatever_the_function_is_called() -> None:
    source = (
        "from django.utils.translation import gettext_lazy as _, ngettext, pgettext as p\n"
        "_('one ' 'text'); ngettext('%(n)s row', '%(n)s rows', 2); p('menu', 'Open')\n"
        "other('not this'); _(variable)\n"
    )
    assert set(i18n.texts_of_code(source)) == {
        Text("one text"),
        Text("%(n)s row", "%(n)s rows"),
        Text("Open", "", "menu"),
    }


def test_texts_of_templates() -> None:
    source = (
        '{% load i18n %}{% translate "It\'s (here)" %}{{ x|default:_("system") }}'
        "{% blocktranslate count n=n %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}"
        '{% translate "Open" context "menu" %}{% comment %}{% translate "gone" %}{% endcomment %}'
    )
    assert set(i18n.texts_of_template(source)) == {
        Text("It's (here)"),
        Text("system"),
        Text("%(n)s row", "%(n)s rows"),
        Text("Open", "", "menu"),
    }
