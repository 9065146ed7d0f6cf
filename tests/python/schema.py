"""Holds what a registry wrote against schema/*.json, with nothing but Python itself.

    schema.py SCHEMA LINES      each line of LINES is a document that SCHEMA must allow

Prints, as JSON, how many documents there were and which declared members none of them had. Each document is then
broken in every way that the schema forbids: a member too many, a required one missing, one of another type, one null;
the first such change that is let through ends it with exit code 1. A keyword that is not known here ends it too: it
would check nothing.
"""

import json
import re
import sys
from pathlib import Path

SAID = {"$schema", "$defs", "title", "description"}
KINDS = {"string": str, "integer": int, "array": list, "object": dict}


class Unknown(Exception):
    """The schema has a keyword that this program does not check."""


def allowed(schema, value, root):
    """Whether the schema allows the value."""
    for keyword, told in schema.items():
        if keyword not in SAID and not KEYWORDS.get(keyword, unknown(keyword))(told, value, schema, root):
            return False
    return True


def unknown(keyword):
    def refuse(*_):
        raise Unknown(keyword)

    return refuse


def of_type(told, value, *_):
    return isinstance(value, KINDS[told]) and not isinstance(value, bool)


def properties(told, value, _, root):
    if not isinstance(value, dict):
        return True
    return all(allowed(told[name], one, root) for name, one in value.items() if name in told)


def others(schema, value):
    """The members that the schema does not name."""
    return [(name, one) for name, one in value.items() if name not in schema.get("properties", {})]


KEYWORDS = {
    "type": of_type,
    "properties": properties,
    "const": lambda told, value, *_: value == told and not isinstance(value, bool),
    "enum": lambda told, value, *_: value in told,
    "pattern": lambda told, value, *_: not isinstance(value, str) or re.search(told, value) is not None,
    "maxItems": lambda told, value, *_: not isinstance(value, list) or len(value) <= told,
    "minLength": lambda told, value, *_: not isinstance(value, str) or len(value) >= told,
    "minimum": lambda told, value, *_: not isinstance(value, int) or value >= told,
    "minItems": lambda told, value, *_: not isinstance(value, list) or len(value) >= told,
    "required": lambda told, value, *_: not isinstance(value, dict) or all(name in value for name in told),
    "items": lambda told, value, _, root: not isinstance(value, list)
    or all(allowed(told, one, root) for one in value),
    "additionalProperties": lambda told, value, schema, root: not isinstance(value, dict)
    or all(told is not False and allowed(told, one, root) for name, one in others(schema, value)),
    "oneOf": lambda told, value, _, root: sum(allowed(one, value, root) for one in told) == 1,
    "$ref": lambda told, value, _, root: allowed(root["$defs"][told.removeprefix("#/$defs/")], value, root),
}


def broken(schema, value):
    """The value with one thing wrong, once for each."""
    yield {**value, "x": 1}
    for name in schema["required"]:
        yield {own: one for own, one in value.items() if own != name}
    for name in value:
        if name in schema["properties"]:
            yield {**value, name: None}
            yield {**value, name: True}
            yield {**value, name: 1.5}


def main(arguments):
    schema = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    lines = Path(arguments[1]).read_text(encoding="utf-8").splitlines()
    seen = set()
    for number, line in enumerate(lines):
        value = json.loads(line)
        if not allowed(schema, value, schema):
            print(f"line {number}: not allowed: {line}", file=sys.stderr)
            return 1
        for wrong in broken(schema, value):
            if allowed(schema, wrong, schema):
                print(f"line {number}: let through: {json.dumps(wrong, ensure_ascii=False)}", file=sys.stderr)
                return 1
        seen.update(value)
    print(json.dumps({"documents": len(lines), "unseen": sorted(set(schema["properties"]) - seen)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
