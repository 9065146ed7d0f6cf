"""The worked examples of sealed rows, made from schema/bytes.md §7 and §9 alone.

    seals.py lines FILE     prints them; FILE is fixtures/vectors/bytes.txt, whose other examples they are made of
    seals.py check FILE     each of them stands in FILE as it is made here

Exit code 0: all hold; 1: one does not.
"""

import base64
import hashlib
import hmac
import json
import sys
from datetime import date, datetime, timezone

import aes

KEY, KEY_ID, NONCE = bytes([0x11] * 32), 7, bytes(range(12))
MASTER = bytes([0x22] * 32)


class Column:
    """One clear column in the additional data: its bytes, or none where it is null."""

    def __init__(self, value):
        if value is None or isinstance(value, bytes):
            self.data = value
        elif isinstance(value, bool):
            self.data = bytes([value])
        elif isinstance(value, int):
            self.data = value.to_bytes(8, "big", signed=True)
        else:
            self.data = value.encode()

    def framed(self):
        return b"\xff\xff\xff\xff" if self.data is None else framed(self.data)


def framed(data):
    """F(data) of §9."""
    data = data.encode() if isinstance(data, str) else data
    return len(data).to_bytes(4, "big") + data


def day(text):
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def instant(text):
    """Microseconds; the text ends with six digits and Z."""
    whole, micros = text.rstrip("Z").split(".")
    seconds = datetime.fromisoformat(whole).replace(tzinfo=timezone.utc).timestamp()
    return int(seconds) * 1_000_000 + int(micros)


def additional(layout, table, columns):
    listed = b"".join(Column(column).framed() for column in (table, KEY_ID, *columns))
    return listed if layout == 1 else bytes([layout]) + listed


def sealed(layout, covered, plain):
    return bytes([layout]) + KEY_ID.to_bytes(4, "big") + NONCE + aes.seal(KEY, NONCE, covered, plain)


def row(name, layout, table, columns, plain):
    covered = additional(layout, table, columns)
    yield f"{name}.additional", covered.hex()
    yield f"{name}.plain", plain.hex()
    yield f"{name}.sealed", sealed(layout, covered, plain).hex()


def wrapped(kind, name, key):
    label = b"elicense-wrap-v1" + framed(kind) + framed(name)
    return b"\x01" + NONCE + aes.seal(MASTER, NONCE, label, key)


def stored(compact):
    """The stored form of §2."""
    parts = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in compact.split("."))
    header, payload, signature = parts
    return len(header).to_bytes(2, "big") + header + framed(payload) + signature


def sealing():
    """§7: one row of columns of every kind under layouts 2 and 1, wrapped keys, the check value of both times."""
    columns = ("active", -1, True, None, bytes([9] * 16))
    yield "seal.key", KEY.hex()
    yield "seal.key_id", str(KEY_ID)
    yield "seal.nonce", NONCE.hex()
    yield from row("seal", 2, "records", columns, "照面".encode())
    yield from row("seal.layout_1", 1, "records", columns, "照面".encode())
    yield "wrap.master", MASTER.hex()
    yield "wrap.kind", "data"
    yield "wrap.name", str(KEY_ID)
    yield "wrap.nonce", NONCE.hex()
    yield "wrap.key", KEY.hex()
    yield "wrap.wrapped", wrapped("data", str(KEY_ID), KEY).hex()
    check = b"elicense master key check"
    yield "check.wrapped", wrapped("check", "master_key_check", check + b"\x02").hex()
    yield "check.layout_1.wrapped", wrapped("check", "master_key_check", check).hex()
    derived = hmac.new(MASTER, b"elicense-derive-v1token", hashlib.sha256).digest()
    yield "master.derived_token", derived.hex()


def rows(known):
    """§9: a row of each kind, about the record of §2 and the event of §4."""
    holder, record_id = bytes.fromhex(known["keyed.h"]), bytes(range(0x20, 0x30))
    at, type_code = instant("2024-05-20T01:02:03.000004Z"), "11100000MB03271699001"
    record = json.loads(known["envelope.payload"])
    identifier, issuer = record["identifier"], record["issuer"]["code"]
    yield "row.record_id", record_id.hex()

    dates = (day("2024-05-20"), None)
    columns = (holder, type_code, record_id, 1, 1, 1, identifier, issuer, 1, *dates, at, False, "records", 3, 1)
    first = b"".join(map(framed, ("111", "190101199003070014", "holder", identifier)))
    first += at.to_bytes(8, "big") + day("2027-01-31").to_bytes(4, "big") + framed(bytes.fromhex(known["envelope.stored"]))
    digest = bytes.fromhex(known["envelope.digest"])
    yield from row("row.record", 2, "records", columns, first + digest + framed(b""))
    yield from row("row.record.layout_1", 1, "records", columns, b"\x01" + first + framed(b""))
    # A directory entry on paper that is no longer the present one: no review, no envelope.
    columns = (holder, type_code, record_id, 1, 3, 2, None, issuer, 99, *dates[::-1], at, True, "records", 4, 7)
    entry = b"".join(map(framed, ("111", "190101199003070014", "holder", identifier)))
    entry += at.to_bytes(8, "big") + b"\x80\x00\x00\x00" + framed(b"") + bytes(32)
    said = '{"name":"结婚证","office":"城东区档案馆"}'
    yield from row("row.past", 2, "past_records", columns, entry + framed(said))

    event, ground = known["event.json"], known["event.ground_text"]
    columns = (holder, record_id, 1, "issue", day("2024-05-20"), at, "records", 3)
    parts = framed(event) + framed(stored(known["public.order_compact"])) + framed(ground)
    yield from row("row.event", 2, "events", columns, parts)
    yield from row("row.event.layout_1", 1, "events", columns, parts)

    link = {
        "kind": "same_person", "code_type": "111", "code": "190101199003070016", "key_type": "111",
        "key_code": "190101199003070016", "outward": True, "since": "2024-05-20",
    }
    body = {
        "code_type": "111", "code": "190101199003070014", "state_since": "2024-05-20", "state_source": "hospital",
        "state_at": "2024-05-20T01:02:03.000004Z", "links": [link],
    }
    plain = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    yield from row("row.holder", 2, "holders", (holder, 2, 1), plain)

    content = hashlib.sha256(known["keyed.content_json"].encode()).digest()
    columns = (bytes.fromhex(known["keyed.i"]), record_id, 1)
    yield from row("row.key", 2, "record_keys", columns, holder + bytes([5] * 16) + content)

    # The entries of §5 change by themselves; to the batch they are bytes.
    entries = framed('{"entry":1}'), framed('{"entry":2}')
    plain = b"\x01" + holder + entries[0] + b"\x02" + holder + bytes([5] * 16) + entries[1]
    yield from row("row.batch", 2, "access_batches", ("access-a", 256, 2, at), plain)

    answer = '{"outcome":"issued"}'
    columns = (bytes.fromhex(known["keyed.r"]), hashlib.sha256(b"request").digest(), at)
    yield from row("row.answer", 2, "idempotency", columns, answer.encode())

    columns = (bytes.fromhex(known["keyed.a"]), 0, 3)
    yield from row("row.chunk", 2, "attachments", columns, b"abc")
    yield from row("row.spill", 2, "spill", ("2024-05", 3, 1, True), framed(b"a record on its way"))


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in ("lines", "check"):
        print(__doc__, file=sys.stderr)
        return 2
    with open(arguments[1], encoding="utf-8") as file:
        known = dict(line.rstrip("\n").split(" = ", 1) for line in file if " = " in line and line[0] != "#")
    made = [*sealing(), *rows(known)]
    if arguments[0] == "lines":
        print("\n".join(f"{name} = {value}" for name, value in made))
        return 0
    wrong = [name for name, value in made if known.get(name) != value]
    if wrong:
        print(f"not as they stand in the file: {' '.join(wrong)}", file=sys.stderr)
    print(json.dumps({"made": len(made)}))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
