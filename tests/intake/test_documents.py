"""YAML, JSON and NDJSON to cases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simdiag.errors import UsageError
from simdiag.intake.entries import Entry, plain

Reading = Callable[..., list[Entry]]
GOOD = "case: good\nline: [{brand: base}]\n"


def codes(entry: Entry) -> list[str]:
    """Give the codes of everything wrong with an entry."""
    return [problem.code for problem in entry.problems]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.yaml", "cases:\n- case: x\n- case: y\n"),
        ("a.yml", "case: x\n---\ncase: y\n"),
        ("a", "case: x\n---\ncase: y\n"),
        ("a.json", '[{"case": "x"}, {"case": "y"}]'),
        ("a.json", '{"cases": [{"case": "x"}, {"case": "y"}]}'),
        ("a.jsonl", '{"case": "x"}\r\n\r\n{"case": "y"}'),
        ("A.NDJSON", b'\xef\xbb\xbf{"case": "x"}\n{"case": "y"}\n'),
    ],
)
def test_every_form_of_several_cases(name: str, content: str, read: Reading) -> None:
    """A list, documents, or lines are each read as cases in their order."""
    entries = read({name: content})
    assert [(entry.id, entry.errors) for entry in entries] == [("x", ()), ("y", ())]


def test_case_without_id_has_file_and_ordinal(read: Reading) -> None:
    """Without an id a case is named by its file and its place in it."""
    found = read({"dir/in.yaml": "{}\n---\n{}\n", "b.jsonl": '{}\nnonsense\n{"line": "none"}'})
    assert [entry.id for entry in found] == ["in-1", "in-2", "b-1", "b-2", "b-3"]


def test_mistakes_of_one_case_leave_the_others_alone(read: Reading) -> None:
    """A duplicate key or tag belongs to the case in which it stands."""
    text = f"{GOOD}---\ncase: bad\nline: [{{brand: base, brand: base}}]\n---\ncase: !x tagged\n"
    entries = read({"in.yaml": text})
    assert [(entry.id, codes(entry)) for entry in entries] == [
        ("good", []),
        ("bad", ["duplicate-key"]),
        ("tagged", ["tag"]),
    ]
    assert [entry.case is None for entry in entries] == [False, True, True]


def test_syntax_error_stops_its_file_only(read: Reading) -> None:
    """What is wrong with a file as a whole stands for it; other files are read."""
    broken, good = read({"broken.yaml": "a: [", "good.yaml": GOOD})
    assert (broken.id, codes(broken), broken.case) == ("", ["syntax"], None)
    assert good.case is not None


def test_repeated_id(read: Reading) -> None:
    """The second case of an id cannot be used, even in another file; the first can."""
    first, second = read({"a.yaml": GOOD, "b.yaml": GOOD})
    assert first.case is not None
    assert second.case is None
    assert codes(second) == ["duplicate-id"]
    assert "a.yaml, line 1" in second.problems[0].help


def test_original_is_kept_as_it_was_written(read: Reading) -> None:
    """What stood in the input can be given back: written texts, not resolved values."""
    (entry,) = read({"a.yaml": "case: x\nline: [{msisdn: 0470123456, brand: ~}]\nnotice: no\n"})
    line = {"msisdn": "0470123456", "brand": None}
    assert plain(entry.original) == {"case": "x", "line": [line], "notice": "no"}


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a.jsonl", "a.csv"])
def test_empty_and_undecodable_files(name: str, read: Reading) -> None:
    """A file without a case, or of other bytes than text, is one entry that says so."""
    (empty,) = read({name: ""})
    assert empty.case is None
    assert codes(empty)[-1] in {"empty", "syntax"}
    (binary,) = read({name: b"\xff\x00\x93"})
    assert codes(binary) == ["encoding"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.parquet", "it is no Parquet file"),
        ("a.xlsx", "save the sheet as CSV"),
        ("a.docx", ".yaml"),
    ],
)
def test_other_kinds_are_refused_by_name(name: str, said: str, read: Reading) -> None:
    """A file of a kind that cannot be read is refused with what can."""
    with pytest.raises(UsageError, match=said):
        read({name: b""})
