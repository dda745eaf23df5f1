"""Reads the language of schedules: text becomes parts, mistakes become a sentence with their column.

    schedule   = item { "+" item }
    item       = [ number ] name [ "(" parameter { "," parameter } ")" ]
               | number ( "*" | "×" ) item
               | "(" schedule ")"
    parameter  = name "=" ( number | word )

`#` begins a comment up to the end of the line; spaces and line ends mean nothing; upper and lower case are the same.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from models.errors import BadParameter
from models.phasing.schedule_parts import (
    ALGORITHMS,
    ALIASES,
    INSTANT,
    ITERATIVE,
    PARAMETERS,
    Block,
    Part,
    Value,
    block_count,
    check_value,
    iteration_count,
    repeated,
)

MOST_ITERATIONS = 10_000_000
MOST_BLOCKS = 100_000
MOST_DEPTH = 16
MOST_CHARACTERS = 20_000

_TOKEN = re.compile(
    r"(?P<space>\s+|#[^\n]*)|(?P<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)|(?P<mark>.)"
)
_TRUE, _FALSE = ("yes", "true", "on"), ("no", "false", "off")


class BadSchedule(BadParameter):
    """A schedule that cannot be read.

    Attributes:
        column: where, in characters from 1 over the whole text. length: characters concerned, for underlining.
    """

    def __init__(self, what: str, *, cause: str = "", hint: str = "", column: int = 1, length: int = 1) -> None:
        super().__init__(what, cause=cause, hint=hint)
        self.column = column
        self.length = length


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int

    @property
    def words(self) -> str:
        return "the end of the schedule" if self.kind == "end" else f"“{self.text}”"


def parse_parts(text: str) -> tuple[Part, ...]:
    """The parts of a schedule.

    Raises:
        BadSchedule: with the column, what was found there, what was expected and, where a name is close, that name.
    """
    if len(text) > MOST_CHARACTERS:
        raise BadSchedule(
            f"The schedule has {len(text)} characters", cause=f"at most {MOST_CHARACTERS} are read", column=1
        )
    parser = _Parser(_tokens(text))
    parts = parser.schedule()
    check_size(parts)
    return parts


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _TOKEN.finditer(text):
        kind = next(name for name in ("space", "number", "name", "mark") if match[name] is not None)
        if kind != "space":
            found.append(_Token(kind, match[0], match.start() + 1))
    return [*found, _Token("end", "", len(text) + 1)]


def check_size(parts: tuple[Part, ...]) -> None:
    iterations, blocks = iteration_count(parts), block_count(parts)
    if iterations > MOST_ITERATIONS:
        raise BadSchedule(
            f"The schedule has {iterations:.3g} iterations",
            cause=f"at most {MOST_ITERATIONS} are run",
            hint="lower a number of iterations or of repetitions",
        )
    if blocks > MOST_BLOCKS:
        raise BadSchedule(
            f"The schedule has {blocks:.3g} blocks when its repetitions are written out",
            cause=f"at most {MOST_BLOCKS} are run",
            hint="give each block more iterations and repeat it less often",
        )


class _Parser:
    """Recursive descent over the tokens; one method per rule of the grammar."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def schedule(self) -> tuple[Part, ...]:
        parts = self._sum(depth=0)
        if self._peek().kind != "end":
            raise self._unexpected("“+” or the end", hint=self._hint_after_item())
        return parts

    def _sum(self, depth: int) -> tuple[Part, ...]:
        parts = self._item(depth)
        while self._accept("+"):
            parts += self._item(depth)
        return parts

    def _item(self, depth: int) -> tuple[Part, ...]:
        token = self._peek()
        if depth > MOST_DEPTH:
            raise _bad(token, f"groups are nested more than {MOST_DEPTH} deep", "write the schedule flatter")
        if self._accept("("):
            parts = self._sum(depth + 1)
            if not self._accept(")"):
                raise self._unexpected("“+” or “)”", hint=self._hint_after_item())
            return parts
        if token.kind == "number":
            return self._counted(depth)
        if token.kind == "name":
            return (self._block(None),)
        raise self._unexpected("a number, the name of an algorithm or “(”")

    def _counted(self, depth: int) -> tuple[Part, ...]:
        """What follows a number: iterations of an algorithm, or a repetition."""
        number = self._take()
        count = _whole(number)
        if not (self._accept("*") or self._accept("×")):
            if self._peek().kind != "name":
                hint = f"to repeat a group, write {number.text}*(…)" if self._peek().text == "(" else ""
                raise self._unexpected("the name of an algorithm or “*”", hint=hint)
            return (self._block(count),)
        follows = self._peek()
        if follows.kind == "name" and _algorithm(follows) in ITERATIVE:
            return (self._block(count),)  # 20*ER is how other programs write 20 ER
        return repeated(count, self._item(depth + 1))

    def _block(self, iterations: int | None) -> Block:
        token = self._take()
        name = _algorithm(token)
        if name in ITERATIVE and iterations is None:
            raise _bad(token, f"{name} needs a number of iterations before it", f"write for example 50 {name}")
        if name in INSTANT and iterations is not None:
            raise _bad(token, f"{name} takes no number of iterations", f"to repeat it, write {iterations}*{name}")
        return Block(name, iterations or 0, self._parameters(name))

    def _parameters(self, algorithm: str) -> tuple[tuple[str, Value], ...]:
        if not self._accept("("):
            return ()
        found: dict[str, Value] = {}
        while not self._accept(")"):
            if found and not self._accept(","):
                raise self._unexpected("“,” or “)”")
            name_token = self._peek()
            if name_token.kind != "name":
                raise self._unexpected(f"a parameter of {algorithm} ({_known(algorithm)})")
            name = _parameter_name(self._take(), algorithm)
            if name in found:
                raise _bad(name_token, f"{name} is given twice", "keep one of the two")
            if not self._accept("="):
                raise self._unexpected("“=”", hint=f"write for example {name}=0.5")
            found[name] = self._value(algorithm, name)
        return tuple(found.items())

    def _value(self, algorithm: str, name: str) -> Value:
        token = self._peek()
        if token.kind not in ("number", "name"):
            raise self._unexpected(f"a value for {name}")
        self._take()
        value: Value = token.text
        if token.kind == "number":
            value = float(token.text)
        elif token.text.lower() in _TRUE + _FALSE:
            value = token.text.lower() in _TRUE
        try:
            return check_value(algorithm, name, value)
        except BadParameter as error:
            raise _bad(token, f"{error.what}, {error.cause}") from error

    def _hint_after_item(self) -> str:
        token = self._peek()
        if token.text in ("*", "×"):
            return "the number of repetitions comes first, as in 10*(50 HIO + SW)"
        if token.text == ")":
            return "there is no “(” that it closes"
        if token.kind == "end":
            return "a “(” is still open"
        return "write “+” between two steps"

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _accept(self, mark: str) -> bool:
        if self._peek().kind == "mark" and self._peek().text == mark:
            self._next += 1
            return True
        return False

    def _unexpected(self, expected: str, hint: str = "") -> BadSchedule:
        token = self._peek()
        return _bad(token, f"found {token.words}, expected {expected}", hint)


def _bad(token: _Token, cause: str, hint: str = "") -> BadSchedule:
    where = f"Schedule, column {token.column}"
    return BadSchedule(where, cause=cause, hint=hint, column=token.column, length=max(1, len(token.text)))


def _whole(token: _Token) -> int:
    """The number as a whole number from 1."""
    value = float(token.text)
    if value > MOST_ITERATIONS:
        raise _bad(token, f"found {token.words}, expected at most {MOST_ITERATIONS}", "lower it")
    if value < 1 or value != int(value):
        raise _bad(token, f"found {token.words}, expected a whole number from 1")
    return int(value)


def _algorithm(token: _Token) -> str:
    name = token.text.upper()
    name = ALIASES.get(name, name)
    if name not in ALGORITHMS:
        known = ", ".join(ALGORITHMS)
        raise _bad(token, f"found {token.words}, expected one of {known}", _close(name, ALGORITHMS))
    return name


def _parameter_name(token: _Token, algorithm: str) -> str:
    name = token.text.lower()
    known = PARAMETERS[algorithm]
    if name in known:
        return name
    # The setting's own name is understood too: threshold_of for of, phase_low_rad for phase_low.
    for short, settings in known.items():
        if settings == (name,):
            return short
    if not known:
        raise _bad(token, f"found {token.words}, but {algorithm} has no parameters", "delete it")
    raise _bad(
        token,
        f"found {token.words}, expected a parameter of {algorithm} ({_known(algorithm)})",
        _close(name, tuple(known)),
    )


def _known(algorithm: str) -> str:
    return ", ".join(PARAMETERS[algorithm]) or "none"


def _close(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"perhaps {close[0]} is meant" if close else ""
