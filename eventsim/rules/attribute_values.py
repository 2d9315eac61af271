"""
DynamoDB's attribute values: what may be stored, in which form it comes back, what it weighs.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html

A value is as JSON has it: ``{"N": "42"}``, with base64 in ``B``. Numbers come back in plain
digits without leading and trailing zeroes, sets in an order of ours (AWS promises none), so two
values are equal exactly when their canonical bytes are.
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import orjson

AttributeValue = Mapping[str, Any]
Item = Mapping[str, AttributeValue]
Path = tuple[str | int, ...]

DIGITS_MAX = 38
NESTING_MAX = 32
_MAGNITUDES = range(-130, 126)
_CONTAINER_BYTES = 3
_ELEMENT_BYTES = 1
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)
_EXACTLY_ONE = "must contain exactly one of the supported datatypes"
_INVALID = "One or more parameter values were invalid: "


class InvalidValue(ValueError):
    """A value that DynamoDB refuses, with its place in the item and AWS's text."""

    def __init__(self, path: Path, message: str) -> None:
        self.path, self.message = path, message
        super().__init__(message)


def normalised(item: Any) -> dict[str, dict[str, Any]]:
    """Return the item as a table keeps it, built afresh. Raises InvalidValue."""
    return _map((), item, 0)


def canonical(item: Item) -> bytes:
    """Return the compact JSON of a normalised item; the same for items that are equal."""
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS)


def item_size(item: Item) -> int:
    """Return the bytes of a normalised item as DynamoDB counts them: names and values."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: AttributeValue) -> int:
    """Return the bytes of a normalised value as DynamoDB counts them."""
    ((kind, content),) = value.items()
    match kind:
        case "S" | "N" | "B":
            return _SIZES[kind](content)
        case "SS" | "NS" | "BS":
            return sum(map(_SIZES[kind[0]], content))
        case "L":
            return _CONTAINER_BYTES + sum(_ELEMENT_BYTES + value_size(each) for each in content)
        case "M":
            return _CONTAINER_BYTES + _ELEMENT_BYTES * len(content) + item_size(content)
    return 1  # BOOL, NULL


def normal_number(text: str) -> str:
    """Return a number in plain digits. Raises ValueError with AWS's text."""
    if text.isascii() and text.isdigit() and text[0] != "0" and len(text) <= DIGITS_MAX:
        return text
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"The parameter cannot be converted to a numeric value: {text}")
    number = Decimal(text)
    bare = "".join(map(str, number.as_tuple().digits)).strip("0")
    if not bare:
        return "0"
    if len(bare) > DIGITS_MAX:
        raise ValueError(
            f"Attempting to store more than {DIGITS_MAX} significant digits in a Number"
        )
    magnitude = number.adjusted()
    if magnitude not in _MAGNITUDES:
        flow, size = ("over", "larger") if magnitude > 0 else ("under", "smaller")
        raise ValueError(
            f"Number {flow}flow. Attempting to store a number with magnitude {size} than "
            "supported range"
        )
    sign = "-" if number.is_signed() else ""
    return format(Decimal(f"{sign}{bare}E{magnitude - len(bare) + 1}"), "f")


def _value(path: Path, value: Any, depth: int) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(kind, str) for kind in value):
        raise InvalidValue(
            path, f"an attribute value is a mapping such as {{S: text}}, not {value!r}"
        )
    if len(value) != 1:
        what = "has more than one datatypes set" if value else "is empty"
        raise InvalidValue(path, f"Supplied AttributeValue {what}, {_EXACTLY_ONE}")
    ((kind, content),) = value.items()
    normal = _NORMAL.get(kind)
    if normal is None:
        raise InvalidValue((*path, kind), f"Supplied AttributeValue is empty, {_EXACTLY_ONE}")
    if depth > NESTING_MAX:
        raise InvalidValue(path, "Nesting Levels have exceeded supported limits")
    return {kind: normal((*path, kind), content, depth)}


def _map(path: Path, content: Any, depth: int) -> dict[str, dict[str, Any]]:
    if not isinstance(content, Mapping):
        raise InvalidValue(path, f"must be a mapping of attributes, not {content!r}")
    return {
        _name(path, name): _value((*path, name), value, depth + 1)
        for name, value in content.items()
    }


def _list(path: Path, content: Any, depth: int) -> list[dict[str, Any]]:
    each = enumerate(_sequence(path, content))
    return [_value((*path, index), value, depth + 1) for index, value in each]


def _name(path: Path, name: Any) -> str:
    text = _string(path, name, 0)
    if not text:
        raise InvalidValue(path, f"{_INVALID}Attribute name must not be empty")
    return text


def _string(path: Path, content: Any, depth: int) -> str:
    if not isinstance(content, str):
        raise InvalidValue(path, f"must be text, in quotes, not {content!r}")
    try:
        content.encode()
    except UnicodeEncodeError:
        raise InvalidValue(path, "must be Unicode text, not half of a surrogate pair") from None
    return content


def _number(path: Path, content: Any, depth: int) -> str:
    if isinstance(content, int | float) and not isinstance(content, bool):
        raise InvalidValue(path, f'a number is sent as text; write "{content}" in quotes')
    text = _string(path, content, depth)
    try:
        return normal_number(text)
    except ValueError as error:
        raise InvalidValue(path, str(error)) from None


def _binary(path: Path, content: Any, depth: int) -> str:
    if isinstance(content, bytes):
        return b64encode(content).decode("ascii")
    text = _string(path, content, depth)
    try:
        return b64encode(a2b_base64(text, strict_mode=True)).decode("ascii")
    except ValueError as error:
        raise InvalidValue(path, f"must be base64: {str(error).lower()}") from None


def _true(path: Path, content: Any, depth: int) -> bool:
    if content is not True:
        text = "Null attribute value types must have the value of true"
        raise InvalidValue(path, f"{_INVALID}{text}")
    return True


def _bool(path: Path, content: Any, depth: int) -> bool:
    if not isinstance(content, bool):
        raise InvalidValue(path, f"must be true or false, not {content!r}")
    return content


def _strings(path: Path, content: Any, depth: int) -> list[str]:
    return sorted(_set(path, content, _string, "An string set  may not be empty"))


def _numbers(path: Path, content: Any, depth: int) -> list[str]:
    return sorted(_set(path, content, _number, "An number set  may not be empty"), key=Decimal)


def _binaries(path: Path, content: Any, depth: int) -> list[str]:
    found = _set(path, content, _binary, "Binary sets should not be empty")
    return sorted(found, key=a2b_base64)


def _set(
    path: Path, content: Any, normal: Callable[[Path, Any, int], str], empty: str
) -> list[str]:
    each = enumerate(_sequence(path, content))
    found = [normal((*path, index), element, 0) for index, element in each]
    if not found:
        raise InvalidValue(path, f"{_INVALID}{empty}")
    if len(set(found)) < len(found):
        listed = ", ".join(map(str, content))
        raise InvalidValue(path, f"{_INVALID}Input collection [{listed}] contains duplicates.")
    return found


def _sequence(path: Path, content: Any) -> list[Any]:
    if not isinstance(content, list | tuple):
        raise InvalidValue(path, f"must be a list, not {content!r}")
    return list(content)


def _number_size(text: str) -> int:
    digits = text.lstrip("-").replace(".", "").strip("0")
    return (len(digits) + 1) // 2 + 1


def _binary_size(text: str) -> int:
    return len(text) // 4 * 3 - text[-2:].count("=")


_SIZES: dict[str, Callable[[str], int]] = {
    "S": lambda text: len(text.encode()),
    "N": _number_size,
    "B": _binary_size,
}
_NORMAL: dict[str, Callable[[Path, Any, int], Any]] = {
    "S": _string,
    "N": _number,
    "B": _binary,
    "BOOL": _bool,
    "NULL": _true,
    "L": _list,
    "M": _map,
    "SS": _strings,
    "NS": _numbers,
    "BS": _binaries,
}
