"""`score`, `assess` and `reassess` as the contract has them: exit codes, one sentence, JSON against its schema."""

import json
import subprocess
import sys
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from jsonschema import Draft202012Validator

from slumareas.models import Assessment
from slumareas.scoring import PERMEN_2_2016, PERMEN_14_2018, RULE_SETS
from tests.slumareas.records import RT_1, RT_2, make_area, make_baseline, make_unit, make_village, split, with_score
from tests.slumareas.slow_rule import read_vectors

ROOT = Path(__file__).resolve().parents[2]
VECTOR = {"id": "K01", "rule_set": PERMEN_14_2018, "denominators": {}, "numerators": {}}


def schema(name: str) -> Draft202012Validator:
    text = json.loads((ROOT / "docs" / "schemas" / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(text)
    return Draft202012Validator(text)


@pytest.fixture
def run(tmp_path):
    """Write what is given to a file, score it, give (exit code, results or sentence)."""

    def score_file(content, **options):
        source, target = tmp_path / "in.json", tmp_path / "out.json"
        if isinstance(content, list | dict):
            content = json.dumps(content)
        source.write_bytes(content if isinstance(content, bytes) else content.encode())
        target.unlink(missing_ok=True)
        try:
            call_command("score", source, output=target, **options)
        except CommandError as error:
            assert not target.exists()
            return error.returncode, str(error)
        return 0, json.loads(target.read_text(encoding="utf-8"))

    return score_file


def number(value) -> int | float | str:
    if not isinstance(value, Decimal):
        return value
    return int(value) if value == int(value) else float(value)


def vector_of(values, **more) -> dict:
    denominators, numerators = split(values)
    return VECTOR | {
        "denominators": {key: number(value) for key, value in denominators.items()},
        "numerators": {key: number(value) for key, value in numerators.items()},
        **more,
    }


# --- score: what comes out ------------------------------------------------------------------------------------
def test_every_conformance_vector_gives_its_expected_result_and_keeps_the_schemas(run):
    cases = read_vectors()
    vectors = [case["vector"] for case in cases]
    code, results = run(vectors)
    assert code == 0
    assert results == [case["expected"] for case in cases]
    schema("score-input").validate(vectors)
    schema("score-output").validate(results)


def test_the_worked_example(run):
    code, results = run([vector_of(RT_1), vector_of(RT_2, id="K02")])
    assert [(one["id"], one["total"], one["class"]) for one in results] == [
        ("K01", 32, "light"),
        ("K02", 12, "not_slum"),
    ]
    assert list(results[0]) == [
        "id", "percent", "score", "total", "class", "aspect_average", "sector_average", "not_assessed", "warnings",
    ]  # fmt: skip
    assert list(results[0]["aspect_average"]) == ["1", "2", "3", "4", "5", "6", "7"]
    assert results[0]["percent"]["building_irregular"] == 51.5625


def test_numbers_are_read_as_the_decimals_that_are_written(run):
    """A double cannot tell these from 76."""
    below, exact = "75." + "9" * 38, "76." + "0" * 38
    text = json.dumps([vector_of(with_score(0)), vector_of(with_score(0))]).replace(
        '"road_coverage": 0', '"road_coverage": @'
    )
    for first, second in ((below, exact), (f'"{below}"', f'"{exact}"')):
        _code, results = run(text.replace("@", first, 1).replace("@", second, 1))
        assert [one["score"]["road_coverage"] for one in results] == [3, 5]


@pytest.mark.parametrize("rule_set", RULE_SETS)
def test_each_rule_set_has_its_criteria(run, rule_set):
    _code, [result] = run([VECTOR | {"rule_set": rule_set}])
    assert list(result["percent"]) == list(result["score"]) == result["not_assessed"] == list(RULE_SETS[rule_set].keys)
    assert result["total"] is result["class"] is result["sector_average"] is None


@pytest.mark.parametrize("extra", [{}, {"denominators": None, "numerators": None}])
def test_nothing_given_is_blank(run, extra):
    code, [result] = run([{"rule_set": PERMEN_14_2018, **extra}])
    assert (code, result["id"], len(result["not_assessed"])) == (0, None, 16)


def test_an_empty_list_is_an_empty_list(run):
    assert run([]) == (0, [])


def test_a_byte_order_mark_is_no_hindrance(run):
    assert run(b"\xef\xbb\xbf" + json.dumps([VECTOR]).encode())[0] == 0


def test_without_a_file_the_results_are_printed(tmp_path, capsys):
    (tmp_path / "in.json").write_text(json.dumps([VECTOR]))
    call_command("score", tmp_path / "in.json")
    assert json.loads(capsys.readouterr().out)[0]["id"] == "K01"


def test_a_hundred_thousand_vectors_keep_their_order(run):
    base = json.dumps(vector_of(RT_1))
    code, results = run("[" + ",".join(base.replace("K01", f"K{index}") for index in range(100_000)) + "]")
    assert code == 0
    assert [one["id"] for one in results] == [f"K{index}" for index in range(100_000)]
    assert {one["total"] for one in results} == {32}


# --- score: what is refused -------------------------------------------------------------------------------------
def with_value(text: str) -> str:
    return json.dumps([VECTOR | {"numerators": {"road_coverage": 0}}]).replace(
        '"road_coverage": 0', f'"road_coverage": {text}'
    )


@pytest.mark.parametrize(
    "text",
    ["NaN", "Infinity", "-Infinity", '"NaN"', '"Infinity"', '"sNaN"', "1e400", "-1e400", '"1e400"', "1e-400", "1" + "0" * 31, "1" + "0" * 5000,
     "true", "false", "[]", "{}", '""', '" "', '"12,5"', '"1_000"', '"٣"', '"0x10"', '"1 000"', '"5 m"', '".5"', '"5."', '"+5"', "+5", "05", ".5", "5."],
)  # fmt: skip
def test_what_is_no_number_is_unusable(run, text):
    code, sentence = run(with_value(text), language="en")
    assert code == 2
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize("text", ["0e400", "-0.0", "1e2", "1E+2", "9" * 30, '"1e2"', '" 7 "', "0." + "0" * 25 + "1"])
def test_what_is_a_number_is_read(run, text):
    assert run(with_value(text))[0] == 0


@pytest.mark.parametrize(
    "content",
    ["", "[", "{", "[}", "[1,]", "nul", "'a'", "[NaN]", b"\xff\xfe[\x00]\x00", b"\x80", "[" * 100_000, '{"a": 1} x'],
)  # fmt: skip
def test_what_is_no_json_is_unusable(run, content):
    code, sentence = run(content, language="en")
    assert code == 2
    assert "is not valid JSON" in sentence or "must hold a list" in sentence


@pytest.mark.parametrize("content", ["{}", "null", "1", '"x"', '{"id": 1}'])
def test_what_is_no_list_is_unusable(run, content):
    code, sentence = run(content, language="en")
    assert (code, "must hold a list of vectors" in sentence) == (2, True)


@pytest.mark.parametrize(
    ("vector", "named"),
    [
        (1, "Vector 2"),
        (None, "Vector 2"),
        ([], "Vector 2"),
        (VECTOR | {"score": 1}, "score"),
        (VECTOR | {"numerators": {"4a": 1}}, "4a"),
        (VECTOR | {"numerators": {"waste_unmaintained": 1}}, "waste_unmaintained"),
        (VECTOR | {"numerators": {"building_count": 1}}, "building_count"),
        (VECTOR | {"denominators": {"road_coverage": 1}}, "road_coverage"),
        (VECTOR | {"denominators": []}, "K01"),
        (VECTOR | {"numerators": "x"}, "K01"),
        (VECTOR | {"rule_set": "permen_2018"}, "K01"),
        (VECTOR | {"rule_set": None}, "K01"),
        (VECTOR | {"rule_set": ["permen_14_2018"]}, "K01"),
        ({"id": "K07"}, "K07"),
        ({}, "2"),
        (VECTOR | {"id": 1.5}, "2"),
        (VECTOR | {"id": True}, "2"),
        (VECTOR | {"id": ["a"]}, "2"),
        (VECTOR | {"id": {}}, "2"),
    ],
)
def test_an_unusable_vector_is_named_and_nothing_is_written(run, vector, named):
    code, sentence = run([VECTOR, vector], language="en")
    assert code == 2
    assert named in sentence


def test_a_key_that_stands_twice_is_unusable_because_one_would_be_lost(run):
    code, sentence = run(
        '[{"rule_set": "permen_14_2018", "numerators": {"road_coverage": 1, "road_coverage": 2}}]', language="en"
    )
    assert code == 2
    assert "road_coverage" in sentence


def test_schemas_refuse_what_the_command_refuses():
    for vector in (
        VECTOR | {"numerators": {"4a": 1}},
        VECTOR | {"numerators": {"waste_unmaintained": 1}},
        VECTOR | {"rule_set": "x"},
        VECTOR | {"id": 1.5},
        VECTOR | {"more": 1},
        VECTOR | {"numerators": {"road_coverage": "12,5"}},
    ):
        assert not schema("score-input").is_valid([vector])


def test_sentences_are_indonesian_unless_english_is_asked_for(run):
    indonesian, english = run("[")[1], run("[", language="en")[1]
    assert indonesian != english
    assert english.endswith("is not valid JSON.")


def test_a_missing_file_a_folder_and_a_target_that_cannot_be_written(tmp_path):
    (tmp_path / "in.json").write_text("[]")
    for arguments in (
        [tmp_path / "none.json"],
        [tmp_path],
        [tmp_path / "in.json", "--output", str(tmp_path)],
        [tmp_path / "in.json", "--output", str(tmp_path / "none" / "out.json")],
    ):
        with pytest.raises(CommandError) as error:
            call_command("score", *arguments)
        assert error.value.returncode == 2


@pytest.mark.parametrize("arguments", [["score"], ["score", "none.json"], ["score", "none.json", "--format", "xml"], ["assess", "--year", "x", "--level", "area"], ["assess", "--year", "2019"], ["reassess", "--chek"]])  # fmt: skip
def test_from_the_shell_one_sentence_on_stderr_and_exit_2(arguments):
    done = subprocess.run(  # noqa: S603
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={"SECRET_KEY": "x" * 50, "DATABASE_URL": "sqlite://", "ALLOWED_HOSTS": "localhost", "PATH": ""},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1


# --- assess ------------------------------------------------------------------------------------------------------
def assess(**options):
    out = StringIO()
    call_command("assess", stdout=out, **({"format": "json"} | options))
    return json.loads(out.getvalue()) if options.get("format", "json") == "json" else out.getvalue()


@pytest.fixture
def area(village):
    """The worked example, and a third neighbourhood in no area."""
    area = make_area("Kampung Uji", village)
    for rt, values, place in (("1", RT_1, area), ("2", RT_2, area), ("3", with_score(16), None)):
        make_baseline(make_unit(village, rt, place), values, year=2019)
    return area


LEVELS = {"neighbourhood": 3, "area": 1, "village": 1, "district": 1, "regency": 1}


@pytest.mark.parametrize(("level", "count"), LEVELS.items())
def test_assess_keeps_its_schema_on_every_level(area, level, count):
    found = assess(year=2019, level=level)
    schema("assess-output").validate(found)
    assert [one["level"] for one in found] == [level] * count


def test_assess_of_the_area(area):
    [found] = assess(year=2019, level="area")
    assert (found["key"], found["name"], found["rule_set"]) == ("kampung-uji", "Kampung Uji", PERMEN_14_2018)
    assert (found["total"], found["class"]) == (19, "light")
    assert found["numerators"]["drainage_flooding"] == 0.35
    assert found["denominators"]["verified_area_ha"] == 2
    assert found["score"]["water_access"] == 3
    assert round(found["sector_average"], 4) == 40.6905
    none = dict.fromkeys(("heavy", "moderate", "light", "not_slum", "not_assessed"), 0)
    assert found["hectares"] == {"a": none | {"light": 2}, "b": none | {"light": 1.2, "not_slum": 0.8}}


def test_a_neighbourhood_counts_by_method_b_where_it_belongs_to_an_area(area):
    found = {one["key"]: one for one in assess(year=2019, level="neighbourhood")}
    assert list(found) == ["19.05.01.1001/1/1", "19.05.01.1001/1/2", "19.05.01.1001/1/3"]
    assert found["19.05.01.1001/1/1"]["hectares"]["b"]["light"] == 1.2
    assert set(found["19.05.01.1001/1/1"]["hectares"]["a"].values()) == {0}
    assert set(found["19.05.01.1001/1/3"]["hectares"]["b"].values()) == {0}


def test_a_survey_of_a_village_is_no_neighbourhood(village):
    make_baseline(make_unit(village, ""), RT_1, year=2019)
    assert assess(year=2019, level="neighbourhood") == []
    assert [one["total"] for one in assess(year=2019, level="village")] == [32]


def test_a_place_without_rows_of_the_year_is_not_assessed(area, village):
    make_baseline(make_unit(make_village("19.05.02.2001"), "1"), RT_1, year=2020)
    [found] = assess(year=2020, level="area")
    assert (found["total"], found["class"], found["denominators"]["verified_area_ha"]) == (None, None, None)
    schema("assess-output").validate([found])


def test_both_rule_sets_of_a_year_and_one_of_them(area, village):
    make_baseline(make_unit(village, "9"), with_score(19, rule_set=PERMEN_2_2016), year=2019, rule_set=PERMEN_2_2016)
    assert [one["rule_set"] for one in assess(year=2019, level="village")] == [PERMEN_14_2018, PERMEN_2_2016]
    [older] = assess(year=2019, level="village", rule_set=PERMEN_2_2016)
    assert (older["total"], len(older["score"]), len(older["numerators"])) == (19, 19, 19)
    schema("assess-output").validate([older])


def test_assess_in_words_names_place_total_and_class(area):
    assert assess(year=2019, level="area", format="text") == "kampung-uji  Kampung Uji  19  light\n"


@pytest.mark.parametrize("options", [{"year": 2031}, {"year": 2019, "rule_set": PERMEN_2_2016}])
def test_a_year_that_is_not_there_is_unusable(area, options):
    with pytest.raises(CommandError) as error:
        assess(level="area", language="en", **options)
    assert error.value.returncode == 2
    assert str(error.value).startswith("Nothing was measured")


# --- reassess ----------------------------------------------------------------------------------------------------
def test_reassess_keeps_its_schema_right_or_wrong(area):
    for tamper, check, code in ((False, False, 0), (False, True, 0), (True, True, 1), (True, False, 0)):
        if tamper:
            Assessment.objects.update(total=1)
        out = StringIO()
        try:
            call_command("reassess", check=check, format="json", stdout=out, language="en")
            reached, sentence = 0, ""
        except CommandError as refused:
            reached, sentence = refused.returncode, str(refused)
        found = json.loads(out.getvalue())
        schema("reassess-output").validate(found)
        assert (reached, found["check"], len(found["differing"])) == (code, check, 4 if tamper else 0)
        assert ("Run reassess without --check" in sentence) is bool(code)


@pytest.mark.django_db
def test_reassess_says_in_words_how_much_it_looked_at(area, capsys):
    call_command("reassess", check=True, language="en")
    assert capsys.readouterr().out == "3 rows and 4 results: all follow from the numbers.\n"
