"""Tables of cases in files and memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from simdiag.api import Simdiag, assess_table, table_results
from simdiag.engines.columnar import files
from simdiag.engines.columnar.calculating import TooLarge
from simdiag.engines.columnar.tables import Batch
from simdiag.errors import InvalidInput
from simdiag.testing import build, read_facts

AS_OF = "2025-11-20 18:00"
TERMS: dict[str, Any] = {
    "templates": {
        "u": {
            "cardinality": "one", "title": "u",
            "slots": {"b": {"type": "boolean", "title": "b"}},
        },
        "t": {
            "cardinality": "many", "title": "t", "key": ["id"],
            "slots": {
                "id": {"type": "text", "title": "id"},
                "c": {"type": "choice", "title": "c", "choices": {"red": "r", "dark_blue": "b"}},
                "s": {"type": "set", "title": "s", "choices": {"x": "x", "y": "y"}},
                "m": {"type": "money", "title": "m", "minimum": "0.00"},
                "d": {"type": "date", "title": "d"},
                "at": {"type": "datetime", "title": "at"},
                "p": {"type": "phone", "title": "p"},
            },
        },
    }
}  # fmt: skip
RULES: dict[str, Any] = {
    "red": [{"t": {"c": "red"}}],
    "paid": [{"t": {"m": {"above": "10.00"}}}],
    "late": [{"t": {"d": {"before": "2025-11-01"}}}],
    "now": [{"t": {"at": {"after": "2025-11-20 17:30"}}}],
    "both": [{"t": {"s": {"has_all": ["x", "y"]}}}],
    "mine": [{"t": {"p": "0470 12 34 56"}}],
    "said": [{"u": {"b": "yes"}}],
    "nothing": [{"not": [{"t": {}}]}],
}


def tool() -> Simdiag:
    """Build a small knowledge base with a rule for each kind of slot."""
    about = {"diagnosis": "d", "ref": "X", "title": "d", "summary": "d"}
    rules = {name: {"when": when, "rate": "strong", "text": "so"} for name, when in RULES.items()}
    action = {
        "title": "a", "text": "a", "who": "user", "phase": "self_help", "urgency": "now",
        "effort": "1",
    }  # fmt: skip
    return build(
        {
            "terms/t.yaml": json.dumps(TERMS),
            "diagnoses/d.yaml": json.dumps({**about, "rules": rules}),
            "actions/a.yaml": json.dumps(
                {"actions": {"look": action}, "ladders": {"l": {"when": [], "do": ["look"]}}}
            ),
        }
    )


CASES: list[dict[str, Any]] = [
    {"case": "a", "t": [{"c": "red", "m": "10,01", "d": "20/10/2025", "p": "+32470123456"}]},
    {"case": "b", "t": [{"c": "Dark blue", "s": ["x", "y"], "at": "2025-11-20 17:45"}, {}]},
    {"case": "c", "u": {"b": "yes"}, "t": []},
    {"case": "d", "t": [{"at": "2025-10-26 02:30", "m": "unknown", "s": []}], "open": ["t"]},
    {"case": "e", "u": {"b": "no"}},
]


def frame(cases: list[dict[str, Any]]) -> pl.DataFrame:
    """Give cases as a frame, with every slot as it is written."""
    fact = pl.Struct(
        {
            name: pl.List(pl.String) if name == "s" else pl.String
            for name in TERMS["templates"]["t"]["slots"]
        }
    )
    schema: dict[str, Any] = {
        "case": pl.String, "as_of": pl.String, "open": pl.List(pl.String),
        "u": pl.Struct({"b": pl.String}), "t": pl.List(fact),
    }  # fmt: skip
    return pl.DataFrame([{"as_of": AS_OF, **case} for case in cases], schema=schema)


def fired(found: Simdiag, cases: list[dict[str, Any]]) -> list[list[str]]:
    """Give the rules that the reference engine finds true."""
    result = []
    for case in cases:
        (given,) = read_facts(found, json.dumps(case), as_of=AS_OF)
        outcomes = found.assess(given).inference.outcomes
        result.append(
            sorted(
                rule
                for rule, subjects in outcomes.items()
                if rule.startswith("d#") and any(each.truth == 2 for each in subjects.values())
            )
        )
    return result


def test_a_table_is_read_as_facts_files_are() -> None:
    """Written values of every kind mean in a table what they mean in a facts file."""
    found = tool()
    result = assess_table(found, frame(CASES))
    assert result.get_column("case").to_list() == ["a", "b", "c", "d", "e"]
    assert result.get_column("fired").to_list() == fired(found, CASES)
    assert fired(found, CASES)[0] == ["d#late", "d#mine", "d#paid", "d#red"]


def test_typed_columns_mean_what_their_texts_mean() -> None:
    """Booleans, decimals, dates and date-times of a table are those of their written form."""
    found = tool()
    written = frame(CASES[1:4])
    fields = pl.element().struct
    typed = written.with_columns(
        pl.col("u").struct.with_fields(pl.field("b") == "yes"),
        pl.col("t").list.eval(
            fields.with_fields(
                pl.field("at").str.to_datetime("%Y-%m-%d %H:%M"),
                pl.field("d").str.to_date("%Y-%m-%d"),
            )
        ),
    )
    columns = ["case", "fired", "undecided", "missing"]
    assert (
        assess_table(found, typed)
        .select(columns)
        .equals(assess_table(found, written).select(columns))
    )


def test_columns_that_do_not_fit_are_told_together() -> None:
    """Unknown templates and slots, and a missing id, are all told before the first case."""
    wrong = pl.DataFrame({"tt": [[{"c": "red"}]], "t": [[{"cc": "red"}]], "note": ["passed on"]})
    with pytest.raises(InvalidInput) as caught:
        assess_table(tool(), wrong)
    codes = sorted(problem.code for problem in caught.value.problems)
    assert codes == ["missing-key", "unknown-slot", "unknown-template"]
    assert "did you mean `c`?" in str([problem.help for problem in caught.value.problems])


def test_columns_beyond_the_terms_are_passed_through() -> None:
    """A plain column that is no template stands in the result, beside its case."""
    given = frame(CASES).with_columns(pl.Series("ticket", range(5)))
    assert assess_table(tool(), given).get_column("ticket").to_list() == [0, 1, 2, 3, 4]


def written(folder: Path, cases: list[dict[str, Any]]) -> str:
    """Write cases as a Parquet file."""
    path = folder / "cases.parquet"
    frame(cases).write_parquet(path)
    return str(path)


def test_bad_rows_are_set_aside_with_place_and_reason(tmp_path: Path) -> None:
    """A value that cannot be read and an id that was there before leave the others alone."""
    bad: list[dict[str, Any]] = [
        {"case": "x", "t": [{"c": "rd"}]},
        {"case": "a"},
        {"case": "y", "t": [{"m": "-1.00"}]},
    ]
    out = tmp_path / "out.parquet"
    found = table_results(tool(), [written(tmp_path, [*CASES, *bad])], out)
    assert pl.read_parquet(out).get_column("case").to_list() == ["a", "b", "c", "d", "e"]
    assert found.done == 5
    reasons = {name: (problem.code, problem.span.line) for name, problem in found.rejects}
    assert reasons == {"x": ("unknown-choice", 6), "a": ("repeated-case", 7), "y": ("value", 8)}


def test_processes_and_pieces_change_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes give the bytes of one; pieces of another size give the same rows."""
    found = tool()
    source = written(tmp_path, [{**case, "case": f"{n}"} for n, case in enumerate(CASES * 5)])
    outs = [tmp_path / f"{number}.parquet" for number in range(3)]
    monkeypatch.setattr(files.pieces_of, "__defaults__", (7,))
    table_results(found, [source], outs[0])
    table_results(found, [source], outs[1], jobs=2)
    monkeypatch.setattr(files.pieces_of, "__defaults__", (1000,))
    table_results(found, [source], outs[2])
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert pl.read_parquet(outs[0]).equals(pl.read_parquet(outs[2]))
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_parquet_goes_through_any_engine(tmp_path: Path) -> None:
    """Cases of a Parquet file are those that the same facts give as JSON lines."""
    found = tool()
    data = Path(written(tmp_path, CASES)).read_bytes()
    cases = found.cases("cases.parquet", found.reader(), data=data)
    outcomes = [found.assess(case).inference.outcomes for case in cases]
    true = [
        sorted(
            rule
            for rule, subjects in each.items()
            if rule.startswith("d#") and any(outcome.truth == 2 for outcome in subjects.values())
        )
        for each in outcomes
    ]
    assert true == fired(found, CASES)


def _codes(batch: Batch) -> list[int]:
    code = batch.tables["t"].columns["c"].code
    return [] if code is None else list(code.tolist())


def test_a_case_with_numbers_too_large_leaves_the_others_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A product that columns cannot hold sets its own case aside, with what to do."""
    assessor = files.TableAssessor(files.Setup(tool().base))
    assess = assessor.assessor.assess

    def fails(batch: Batch) -> pl.DataFrame:
        if batch.count and "dark_blue" in {batch.pool.texts[code] for code in _codes(batch)}:
            raise TooLarge("a product is too large")
        return assess(batch)

    monkeypatch.setattr(assessor.assessor, "assess", fails)
    found, rejects = assessor.assess(frame(CASES))
    assert found.get_column("case").to_list() == ["a", "c", "d", "e"]
    assert [(name, problem.code, problem.span.line) for name, problem in rejects] == [
        ("b", "too-large", 2)
    ]
