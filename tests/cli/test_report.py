"""``simdiag report``: pages from results and from facts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simdiag.cli.main import run

ROOT = Path(__file__).resolve().parents[2]
FACTS = ROOT / "examples/topup/04-paid-thirty-hours-ago.yaml"
NO_REASONS = "these results hold no reasons"
OTHER_RULES = "made with other rules"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the results of one case, as batch writes them."""
    monkeypatch.chdir(tmp_path)
    assert run(["batch", str(FACTS), "-o", "out.jsonl"]) == 0
    return tmp_path


@pytest.mark.parametrize(
    ("name", "begin"), [("p.html", "<!doctype html>"), ("p.md", "# "), ("p.txt", "Your next steps")]
)
def test_form_by_suffix(name: str, begin: str, folder: Path) -> None:
    """The end of the name tells the form of the page."""
    assert run(["report", str(FACTS), "-o", name]) == 0
    assert (folder / name).read_text().lower().startswith(begin.lower())


def test_facts_and_results_give_one_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Facts, results with the facts, and the JSON of diagnose give the same page."""
    assert run(["report", str(FACTS), "-o", "a.html"]) == 0
    capsys.readouterr()
    assert run(["report", "out.jsonl", "--facts", str(FACTS), "-o", "b.html"]) == 0
    assert capsys.readouterr().err == ""
    assert run(["diagnose", str(FACTS), "--format", "json"]) == 0
    (folder / "one.json").write_text(capsys.readouterr().out)
    assert run(["report", "one.json", "-o", "c.html"]) == 0
    pages = {(folder / name).read_text() for name in ("a.html", "b.html", "c.html")}
    assert len(pages) == 1


def test_results_without_reasons_say_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Results without their record are shown all the same, with a word on how to fill them in."""
    capsys.readouterr()
    assert run(["report", "out.jsonl", "-o", "p.txt"]) == 0
    said = capsys.readouterr().err
    assert NO_REASONS in said
    assert "--facts" in said
    assert "What to do now" in (folder / "p.txt").read_text()


def test_moment_comes_from_the_results(folder: Path) -> None:
    """Reasons are filled in for the moment of the results, whatever the facts say."""
    late = ["batch", str(FACTS), "-o", "late.jsonl", "--as-of", "2025-12-24 12:00"]
    assert run(late) == 0
    assert run(["report", "late.jsonl", "--facts", str(FACTS), "-o", "p.txt"]) == 0
    assert "24 December 2025, 12:00" in (folder / "p.txt").read_text()


def test_other_rules_warn(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Results of other rules, and facts that no longer give them, are told apart."""
    result = json.loads((folder / "out.jsonl").read_text())
    result["knowledge"]["hash"] = "0" * 16
    (folder / "old.jsonl").write_text(json.dumps(result))
    capsys.readouterr()
    assert run(["report", "old.jsonl", "-o", "p.txt", "--facts", str(FACTS)]) == 0
    said = capsys.readouterr().err
    assert OTHER_RULES in said
    assert "differently" not in said
    result["diagnoses"][0]["state"] = "suggested"
    (folder / "old.jsonl").write_text(json.dumps(result))
    assert run(["report", "old.jsonl", "-o", "p.txt", "--facts", str(FACTS)]) == 0
    assert "1 case comes out differently now" in capsys.readouterr().err


def test_case_that_is_not_in_the_facts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A result whose facts are not given stays, and that is said."""
    other = ROOT / "examples/topup/03-paid-ten-minutes-ago.yaml"
    capsys.readouterr()
    assert run(["report", "out.jsonl", "-o", "p.txt", "--facts", str(other)]) == 0
    assert "1 case is not in the facts" in capsys.readouterr().err
    assert "topup-04" in (folder / "p.txt").read_text()


def test_language_of_the_results(folder: Path) -> None:
    """A page is in the language of its results unless another is asked for."""
    assert run(["batch", str(FACTS), "-o", "zh.jsonl", "--lang", "zh"]) == 0
    assert run(["report", "zh.jsonl", "-o", "zh.txt"]) == 0
    assert run(["report", "zh.jsonl", "-o", "en.txt", "--lang", "en"]) == 0
    assert "个案" in (folder / "zh.txt").read_text()
    assert "个案" not in (folder / "en.txt").read_text()


def test_several_cases_have_an_overview(folder: Path) -> None:
    """A page of many cases begins with an overview; the first 200 are shown in full, or all."""
    lines = (folder / "out.jsonl").read_text().strip()
    many = [lines.replace('"topup-04"', f'"case-{number:03}"', 1) for number in range(201)]
    (folder / "many.jsonl").write_text("\n".join(many))
    assert run(["report", "many.jsonl", "-o", "few.txt"]) == 0
    assert run(["report", "many.jsonl", "-o", "all.txt", "--all"]) == 0
    few, whole = ((folder / name).read_text() for name in ("few.txt", "all.txt"))
    assert "case-200" in few
    assert whole.count("What to do now") == few.count("What to do now") + 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"case": 1, "diagnoses": [], "knowledge": {}}', "1:1: error[form] this is no result"),
        ('{"diagnoses": [], "knowledge": ', "1:32: error[syntax] not valid JSON"),
        ('\n{"case": "a", "as_of": "x", "knowledge": 3, "diagnoses": []}', "2:1: error[form]"),
    ],
)
def test_broken_results(
    content: str, message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Results that cannot be read are refused with file and line, 3, and no page."""
    (folder / "bad.jsonl").write_text(content)
    capsys.readouterr()
    assert run(["report", "bad.jsonl", "-o", "p.html"]) == 3
    assert f"bad.jsonl:{message}" in capsys.readouterr().err
    assert not (folder / "p.html").exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["out.jsonl", "-o", "p.pdf"], "not built yet: PDF"),
        (["out.jsonl", "-o", "page"], "--format must be given"),
        (["out.jsonl", "-o", "nowhere/p.html"], "there is no folder nowhere"),
        (["nowhere.jsonl", "-o", "p.html"], "cannot read nowhere.jsonl"),
        (["empty.jsonl", "-o", "p.html"], "nothing to report"),
        (["out.jsonl"], "Missing option"),
    ],
)
def test_wrong_usage(
    args: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong usage ends with 2 and says what would be right; nothing is written."""
    (folder / "empty.jsonl").write_text("")
    capsys.readouterr()
    assert run(["report", *args]) == 2
    assert said in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["empty.jsonl", "out.jsonl"]


def test_page_replaces_a_page_and_keeps_its_rights(folder: Path) -> None:
    """A page takes the place of an older one and stays as private as that was."""
    page = folder / "p.txt"
    page.write_text("old")
    page.chmod(0o600)
    assert run(["report", str(FACTS), "-o", "p.txt"]) == 0
    assert page.read_text() != "old"
    assert page.stat().st_mode & 0o777 == 0o600
