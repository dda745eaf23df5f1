"""Schedules: the language, its errors, and changing what comes next."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import BadParameter
from models.phasing.schedule import ALGORITHMS, ITERATIVE, BadSchedule, Block, Repeat, Schedule, parse
from models.phasing.schedule_parts import PARAMETERS, check_value, repeated, setting_of
from models.phasing.settings import PhasingSettings


def test_the_line_of_the_documentation() -> None:
    schedule = parse("10*(50 HIO + SW) + 100 ER")
    assert schedule.blocks == (Block("HIO", 50), Block("SW")) * 10 + (Block("ER", 100),)
    assert schedule.iterations == 600
    assert str(schedule) == "10*(50 HIO + SW) + 100 ER"


def test_case_spaces_comments_and_signs_do_not_matter() -> None:
    text = "# begin\n 2×( 5hio(Beta = .8 )+sw ) # then\n+centre + 1e2 er + center"
    assert str(parse(text)) == "2*(5 HIO(beta=0.8) + SW) + CENTRE + 100 ER + CENTRE"


def test_groups_nest() -> None:
    schedule = parse("2*(3*(4 RAAR + SW) + 5 ER)")
    assert [str(b) for b in schedule.blocks] == (["4 RAAR", "SW"] * 3 + ["5 ER"]) * 2
    assert schedule.iterations == 2 * (3 * 4 + 5)


def test_a_star_before_an_algorithm_is_its_number_of_iterations() -> None:
    assert parse("3*(20*ER + 180*HIO) + 20*ER") == parse("3*(20 ER + 180 HIO) + 20 ER")
    assert parse("3*50 HIO") == parse("3*(50 HIO)")


def test_brackets_that_change_nothing_are_left_out() -> None:
    assert str(parse("1*(50 HIO + (SW)) + (2 ER)")) == "50 HIO + SW + 2 ER"


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "the end of the schedule"),
        ("50", 3, "name of an algorithm"),
        ("50 HOI", 4, "perhaps HIO is meant"),
        ("50 HIO + HIO", 10, "number of iterations before it"),
        ("10(50 HIO)", 3, "10*("),
        ("50 HIO SW", 8, "write “+”"),
        ("50 HIO(bta=1)", 8, "perhaps beta is meant"),
        ("50 HIO(beta=5)", 13, "0 … 2"),
        ("50 HIO(beta 1)", 13, "expected “=”"),
        ("50 HIO(beta=1, beta=0)", 16, "given twice"),
        ("50 HIO(beta=)", 13, "a value for beta"),
        ("50 HIO(object=round)", 15, "positive_real_part"),
        ("SW(fill_holes=3) + 1 ER", 15, "yes or no"),
        ("3 SW + 1 ER", 3, "3*SW"),
        ("1 ER + CENTRE(x=1)", 15, "no parameters"),
        ("(50 HIO", 8, "still open"),
        ("50 HIO)", 7, "no “(”"),
        ("50 HIO*3", 7, "comes first"),
        ("0 ER", 1, "whole number from 1"),
        ("1.5 ER", 1, "whole number from 1"),
        ("-5 ER", 1, "whole number from 1"),
        ("1e999 ER", 1, "at most"),
        ("5 ER; SW", 5, "“;”"),
        ("(" * 1000, 18, "deep"),
        ("2*" * 1000 + "3 ER", 35, "deep"),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, column: int, words: str) -> None:
    with pytest.raises(BadSchedule) as caught:
        parse(text)
    assert caught.value.column == column
    assert words.lower() in caught.value.sentence().lower()
    assert isinstance(caught.value, BadParameter)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("5000*(5000 ER)", "iterations"),
        ("200*(1000*(SW)) + 1 ER", "blocks"),
        ("SW + CENTRE", "no iterations"),
        ("1 ER + " * 4000 + "1 ER", "characters"),
    ],
)
def test_limits_are_told_in_a_sentence(text: str, words: str) -> None:
    with pytest.raises(BadSchedule, match=words):
        parse(text)


def test_the_longest_schedules_allowed_are_read() -> None:
    assert parse("100000*(100 ER)").iterations == 10**7
    assert len(parse("99999*(SW) + 1 ER").blocks) == 10**5


def test_an_error_survives_the_pipe_from_a_worker() -> None:
    with pytest.raises(BadSchedule) as caught:
        parse("50 HOI")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.column, copy.length, copy.sentence()) == (4, 3, caught.value.sentence())


def test_parameters_hold_in_their_block_only() -> None:
    settings = PhasingSettings(beta=0.9, threshold_of="area")
    hio, update = parse("50 HIO(beta=0.8, object=positive_real_part) + SW(threshold=0.15, of=max, blur=2)").blocks
    assert hio.applied(settings) == PhasingSettings(beta=0.8, object="positive real part", threshold_of="area")
    there = update.applied(settings)
    assert (there.threshold_of, there.threshold, there.blur_start_px, there.blur_end_px) == ("max", 0.15, 2, 2)
    assert settings.beta == 0.9


def test_an_area_asks_for_that_area_and_a_threshold_for_a_threshold() -> None:
    area, threshold = parse("1 ER + SW(area=0.05) + SW(threshold=0.1)").blocks[1:]
    found = area.applied(PhasingSettings(threshold_of="rms"))
    assert (found.threshold_of, found.area_low, found.area_high) == ("area", 0.05, 0.05)
    assert threshold.applied(PhasingSettings(threshold_of="area")).threshold_of == "max"
    assert threshold.applied(PhasingSettings(threshold_of="rms")).threshold_of == "rms"


def test_a_setting_may_be_called_by_its_own_name() -> None:
    assert parse("5 ER(phase_low_rad=-1) + SW(threshold_of=rms)") == parse("5 ER(phase_low=-1) + SW(of=rms)")


def test_support_progress_runs_from_the_first_update_to_the_last() -> None:
    schedule = parse("5 ER + 3*(10 HIO + SW) + 20 ER")
    at_updates = [p for p, b in zip(schedule.support_progress, schedule.blocks, strict=True) if b.algorithm == "SW"]
    assert at_updates == [0.0, 0.5, 1.0]
    assert schedule.support_progress[-1] == 1.0
    assert parse("5 ER + SW").support_progress == (1.0, 1.0)


def test_what_comes_next_can_be_replaced() -> None:
    schedule = parse("10*(50 HIO + SW) + 100 ER")
    assert str(schedule.replaced_after(6, "20 RAAR")) == "3*(50 HIO + SW) + 50 HIO + 20 RAAR"
    assert str(schedule.replaced_after(1, "SW")) == "50 HIO + SW + SW"
    assert str(schedule.replaced_after(20, "2*(5 ML + SW)")) == "10*(50 HIO + SW) + 100 ER + 2*(5 ML + SW)"
    with pytest.raises(IndexError):
        schedule.replaced_after(21, "1 ER")
    with pytest.raises(BadSchedule):
        schedule.replaced_after(0, "1 HOI")
    with pytest.raises(BadSchedule, match="iterations"):
        schedule.replaced_after(0, "9999999 ER")


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    algorithm = draw(st.sampled_from(ALGORITHMS))
    parameters = []
    names = sorted(PARAMETERS[algorithm])
    for name in draw(st.lists(st.sampled_from(names), unique=True, max_size=3)) if names else []:
        info = setting_of(algorithm, name)
        if info.kind is bool:
            value = draw(st.booleans())
        elif info.kind is str:
            value = draw(st.sampled_from(info.choices))
        else:
            value = draw(st.floats(info.low, info.high, allow_nan=False))
        parameters.append((name, check_value(algorithm, name, value)))
    iterations = draw(st.integers(1, 500)) if algorithm in ITERATIVE else 0
    return Block(algorithm, iterations, tuple(parameters))


@st.composite
def repeats(draw: st.DrawFn, inner: st.SearchStrategy[Block | Repeat]) -> Repeat:
    return Repeat(draw(st.integers(2, 6)), tuple(draw(st.lists(inner, min_size=1, max_size=3))))


parts = st.recursive(blocks(), repeats, max_leaves=6)
schedules = st.builds(lambda found: Schedule((*found, Block("ER", 1))), st.lists(parts, max_size=3))


@settings(deadline=None, max_examples=60)
@given(schedules)
def test_the_canonical_text_reads_back_to_the_same(schedule: Schedule) -> None:
    assert parse(str(schedule)) == schedule
    assert str(parse(str(schedule))) == str(schedule)


@settings(deadline=None, max_examples=60)
@given(schedules, st.data())
def test_replacing_keeps_exactly_what_was_done(schedule: Schedule, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(schedule.blocks) - 1))
    changed = schedule.replaced_after(index, "7 DM + SW")
    assert changed.blocks == (*schedule.blocks[: index + 1], Block("DM", 7), Block("SW"))
    assert parse(str(changed)) == changed


@settings(deadline=None)
@given(st.text(alphabet="0123456789 ERHIOSWX+*()=,.#×abt-\n", max_size=40))
def test_any_text_is_a_schedule_or_a_sentence(text: str) -> None:
    error = None
    try:
        schedule = parse(text)
    except BadSchedule as caught:
        error = caught
    if error is None:
        assert parse(str(schedule)) == schedule
    else:
        assert 1 <= error.column <= len(text) + 1
        assert error.sentence()


def test_no_repetition_is_nothing_and_one_is_itself() -> None:
    part = (Block("ER", 1),)
    assert repeated(0, part) == ()
    assert repeated(1, part) == part
    assert repeated(2, part) == (Repeat(2, part),)
