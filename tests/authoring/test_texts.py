from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simdiag.api import load_knowledge
from simdiag.authoring.texts import figures, gaps, numbers
from simdiag.errors import UsageError
from simdiag.workbench import missing_texts

ZH = ("package.yaml", "languages: [en]", "languages: [en, zh]")


def test_skeleton_is_a_locale_file(make_package: Callable[..., Path]) -> None:
    """The skeleton, once its texts are filled in, loads as a translation without gaps."""
    folder = make_package(ZH)
    filled = missing_texts("zh", folder).replace("text: ''", "text: 译文")
    (folder / "locale").mkdir()
    (folder / "locale" / "zh.yaml").write_text(filled, "utf-8")
    base = load_knowledge(folder)
    assert list(gaps(base, "zh")) == []
    assert base.text("zh", "topup.paid/title") == "译文"
    assert missing_texts("zh", folder) == "language: zh\ntexts: {}\n"


def test_skeleton_shows_english_and_stale_texts(make_package: Callable[..., Path]) -> None:
    """Above each entry stand the English text and, if there is one, the old translation."""
    locale = "language: zh\ntexts:\n  topup.paid/title: {of: 00000000, text: 旧的}\n"
    text = missing_texts("zh", make_package(ZH, files={"locale/zh.yaml": locale}))
    assert "  # Paid, not credited\n  # before: 旧的\n  topup.paid/title: {of: " in text
    assert "  # before: " not in text.replace("  # before: 旧的", "")


def test_english_is_not_translated() -> None:
    """English texts stand in place, so a skeleton of them is wrong usage."""
    with pytest.raises(UsageError):
        missing_texts("en")


def test_figures_are_no_names() -> None:
    """Digits that belong to a name or a placeholder are no figures."""
    assert figures("Within 24 hours, 4G, {x1}, 1.50 EUR") == ("24", "1.50")
    assert numbers("1,000 of 20") == numbers("20 / 1.000")
