"""Facts files that the tool writes itself."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from simdiag.api import Simdiag, consultation, save_consultation
from simdiag.loading.facts_writer import facts_yaml, plain_facts, write_free, write_new

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*/*.yaml") if path.stem != "expected")


@pytest.fixture(scope="module")
def diag() -> Simdiag:
    """The shipped knowledge."""
    return Simdiag.load(languages=["en"], engine="reference")


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_written_facts_read_back_the_same(
    diag: Simdiag, tmp_path: Path, path: Path, suffix: str
) -> None:
    """What is written of a case is read as the same case."""
    (case,) = diag.cases(path, diag.reader())
    state = consultation(diag, case.as_of, case)
    written = save_consultation(state, tmp_path / f"facts{suffix}")
    (again,) = diag.cases(written, diag.reader())
    assert (again.id, again.as_of) == (case.id, case.as_of)
    assert {name: found.open for name, found in again.lists.items()} == {
        name: found.open for name, found in case.lists.items()
    }
    for name, found in case.lists.items():
        assert [fact.slots for fact in again.lists[name].facts] == [
            fact.slots for fact in found.facts
        ]


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "0470",
        "a: b # c",
        "'",
        '"quoted" \\ back',
        "- x",
        "*a",
        "第二行",
        "tab\tnul\x7fnel\x85ls\u2028bom\ufeff",
        "2025-11-20",
        "{}",
        "!!python/object",
    ],
)
def test_any_text_survives(diag: Simdiag, tmp_path: Path, text: str) -> None:
    """Whatever somebody typed is read back as that text and nothing else."""
    facts = {"case": "c", "as_of": "2025-11-20 18:00", "attempt": [{"message": text}]}
    path = tmp_path / "facts.yaml"
    path.write_text(facts_yaml(facts, ["a note\nproblem: {kind: [other]}"]), encoding="utf-8")
    (case,) = diag.cases(path, diag.reader())
    assert list(case.lists) == ["attempt"]
    assert case.lists["attempt"].facts[0].slots["message"] == text.strip()


def test_open_lists_are_named(diag: Simdiag, tmp_path: Path) -> None:
    """A list that may be longer is written as open; one that nobody asked about is left out."""
    path = tmp_path / "facts.yaml"
    path.write_text(
        "case: c\nas_of: 2025-11-20 18:00\nopen: [attempt]\nattempt: [{}]\nvoucher: none\n"
    )
    (case,) = diag.cases(path, diag.reader())
    facts = plain_facts(case.id, case.as_of, case.lists, diag.base)
    assert facts["open"] == ["attempt"]
    assert facts["voucher"] == "none"
    assert set(facts) == {"case", "as_of", "open", "attempt", "voucher"}


def test_no_file_is_written_over(tmp_path: Path) -> None:
    """A file that is there stays; the next free name is taken, for the owner only."""
    path = tmp_path / "simdiag-facts.yaml"
    path.write_text("mine")
    names = [write_free(path, f"{number}\n").name for number in (2, 3)]
    assert names == ["simdiag-facts-2.yaml", "simdiag-facts-3.yaml"]
    assert path.read_text() == "mine"
    assert (tmp_path / names[1]).read_text() == "3\n"
    assert stat.S_IMODE((tmp_path / names[0]).stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write_new(path, "other")
    assert sorted(found.name for found in tmp_path.iterdir()) == sorted([path.name, *names])


def test_replaced_file_is_private(diag: Simdiag, tmp_path: Path) -> None:
    """A facts file that is replaced is readable by its owner only, and nothing stays beside it."""
    (case,) = diag.cases(EXAMPLES[0], diag.reader())
    path = tmp_path / "mine.yaml"
    path.write_text("old")
    save_consultation(consultation(diag, case.as_of, case), path, ["note"], replace=True)
    assert path.read_text().startswith("# note\ncase: ")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["mine.protocol.json", "mine.yaml"]
