"""The tool's own texts, and values written for a person."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from simdiag import i18n
from simdiag.errors import UsageError
from simdiag.i18n import Messages, catalogue, fill, languages, placeholders

SOURCES = Path(__file__).resolve().parent.parent / "src" / "simdiag"
SPACE = "\u00a0"


def test_languages_are_offered_in_their_own_names() -> None:
    """Only languages with texts are offered, English first, each by its own name."""
    assert list(languages().items())[:2] == [("en", "English"), ("zh", "中文")]
    assert set(languages()) <= set(i18n.OWN_NAMES)


def test_unknown_language_is_refused() -> None:
    """A language without texts is an error of use that names the languages there are."""
    with pytest.raises(UsageError, match=r"`tlh`.*`en`"):
        Messages("tlh")


@pytest.mark.parametrize("lang", [tag for tag in languages() if tag != "en"])
def test_translation_is_complete(lang: str) -> None:
    """A translation has exactly the keys of English, and in each text the same placeholders."""
    english, other = catalogue("en"), catalogue(lang)
    assert other.keys() == english.keys()
    differing = {k for k in english if placeholders(english[k]) != placeholders(other[k])}
    assert not differing


@pytest.mark.parametrize("lang", languages())
def test_no_text_is_empty(lang: str) -> None:
    """Every text says something."""
    assert not [key for key, text in catalogue(lang).items() if not text.strip()]


def test_keys_in_the_sources_exist() -> None:
    """Every key that the reporting code and templates name in full is a key of English."""
    files = [*(SOURCES / "reporting").rglob("*.py"), *(SOURCES / "reporting").rglob("*.j2")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    named = set(re.findall(r'"((?:report|format|warning|argument)\.[a-z_.]*[a-z_])"', text))
    english = catalogue("en")
    plurals = {key.rpartition(".")[0] for key in english if key.endswith(".other")}
    assert len(named) > 60
    assert named - english.keys() - plurals == set()


def test_missing_key_is_an_error() -> None:
    """A text that English lacks is an error, not an empty text."""
    with pytest.raises(KeyError):
        Messages("zh").get("no.such.key")


def test_missing_translation_falls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that a translation lacks is given in English."""
    full = catalogue("zh")
    some = {key: text for key, text in full.items() if key != "format.yes"}
    monkeypatch.setattr(i18n, "catalogue", lambda lang: some if lang == "zh" else catalogue(lang))
    assert Messages("zh").get("format.yes") == "yes"
    assert Messages("zh").get("format.no") == "否"


def test_fill_reads_no_attributes() -> None:
    """Only plain names are placeholders, and one without a value stays as it is."""
    assert fill("{a} {b} {a.__class__} {0}", {"a": 1}) == "1 {b} {a.__class__} {0}"


@pytest.mark.parametrize(
    ("lang", "written"),
    [
        ("en", "€1,234.50"),
        ("zh", "€1,234.50"),
        ("fr", f"1{SPACE}234,50{SPACE}€"),
        ("nl", f"€{SPACE}1.234,50"),
        ("de", f"1.234,50{SPACE}€"),
    ],
)
def test_money(lang: str, written: str) -> None:
    """Money has the separators of the language and two decimals."""
    assert Messages(lang).money(Decimal("1234.5")) == written


@pytest.mark.parametrize(
    ("lang", "full", "short"),
    [
        ("en", "Friday 21 November 2025", "21 Nov 2025"),
        ("zh", "2025年11月21日 星期五", "2025年11月21日"),
        ("fr", "vendredi 21 novembre 2025", "21 nov. 2025"),
        ("nl", "vrijdag 21 november 2025", "21 nov 2025"),
        ("de", "Freitag, 21. November 2025", "21.11.2025"),
    ],
)
def test_date(lang: str, full: str, short: str) -> None:
    """A date has its day of the week; the short form has not."""
    messages = Messages(lang)
    assert messages.date(date(2025, 11, 21)) == full
    assert messages.date(date(2025, 11, 21), short=True) == short


def test_moment_is_told_in_belgian_time() -> None:
    """A moment in another zone is written in the time of Belgium, in winter and in summer."""
    messages = Messages("en")
    winter = datetime(2025, 11, 20, 23, 30, tzinfo=UTC)
    summer = datetime(2025, 7, 20, 21, 30, tzinfo=UTC)
    assert messages.moment(winter) == "Friday 21 November 2025, 00:30"
    assert messages.moment(summer, short=True) == "20 Jul 2025, 23:30"


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (600, "10 minutes", "10分钟"),
        (3600, "1 hour", "1小时"),
        (108_000, "1 day, 6 hours", "1天6小时"),
        (259_201, "3 days, 1 second", "3天1秒钟"),
        (0, "0 seconds", "0秒钟"),
        (-60, "−1 minute", "−1分钟"),
    ],
)
def test_duration(seconds: int, english: str, chinese: str) -> None:
    """A length of time is told in its two largest units."""
    assert Messages("en").duration(seconds) == english
    assert Messages("zh").duration(seconds) == chinese


def test_plural() -> None:
    """One case and two cases have the form that the language wants."""
    assert Messages("en").count("report.overview.count", 1) == "1 case"
    assert Messages("en").count("report.overview.count", 1200) == "1,200 cases"
    assert Messages("zh").count("report.overview.count", 1) == "1 个个案"


def test_lists() -> None:
    """Items are joined as in a sentence, with *and* or with *or*."""
    assert Messages("en").join(["a", "b", "c"]) == "a, b and c"
    assert Messages("en").join(["a", "b"], either=True) == "a or b"
    assert Messages("zh").join(["甲", "乙"], either=True) == "甲或乙"


def test_import_is_light() -> None:
    """Importing the module does not import Babel, which is slow."""
    code = "import sys, simdiag.i18n; simdiag.i18n.Messages('zh'); print('babel' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
