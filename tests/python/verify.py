"""Verifies what a registry handed out, written from schema/bytes.md alone and with nothing but Python itself.

    verify.py check DIR     envelopes, receipt, answer digest and holder hash in DIR hold
    verify.py flip DIR      each byte of each signed part, changed, is refused
    verify.py answers DIR   the answers to predicates in DIR/answers.json hold, and with any character changed do not
    verify.py vectors DIR   the published vectors of Ed25519 in DIR/ed25519.txt
    verify.py history DIR   the receipt of a history in DIR/history.json holds for all that it tells, and for no changed part
    verify.py entries DIR   the worked examples of access entries in DIR/bytes.txt, and the stored ones of layout 1 in
                            DIR/access_v1.txt with their receipts

DIR has answer.json (an answer of a lookup), jwks.json, verifier.txt (the log's verifier key), asked.json
(code type and canonical code of the holder who was asked about, and as "linked" and "joint" those of the others whose
records the answer shows). Exit code 0: all holds; 1: something does not.
"""

import base64
import hashlib
import json
import re
import sys
from pathlib import Path

import ed25519


class Refused(Exception):
    """Something does not hold; the text says which rule."""


def need(condition, rule):
    if not condition:
        raise Refused(rule)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64u(text):
    """Strict: the alphabet only, no padding, no bits left over."""
    need(re.fullmatch(r"[A-Za-z0-9_-]*", text) is not None, "base64url")
    need(len(text) % 4 != 1, "base64url_length")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(b64u(data) == text, "base64url_tail")
    return data


def from_b64(text):
    need(re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", text) is not None and len(text) % 4 == 0, "base64")
    data = base64.b64decode(text)
    need(base64.b64encode(data).decode() == text, "base64_tail")
    return data


# Canonical JSON (§1)

LIMIT = 2**53 - 1
ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def members(pairs):
    names = [name for name, _ in pairs]
    need(len(names) == len(set(names)), "duplicate_name")
    return dict(pairs)


def integer(text):
    need(text != "-0" and abs(int(text)) <= LIMIT, "number")
    return int(text)


def never(text):
    raise Refused("number")


def parse(data):
    """The value of canonical JSON; refused if the bytes are not its own canonical form."""
    try:
        text = data.decode("utf-8", "strict")
        value = json.loads(
            text, object_pairs_hook=members, parse_int=integer, parse_float=never, parse_constant=never
        )
        canonical = write(value)
    except (ValueError, RecursionError) as error:
        raise Refused("json") from error
    need(canonical == data, "not_canonical")
    return value


def write_text(text):
    text.encode("utf-8", "strict")
    out = (ESCAPES.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in text)
    return '"' + "".join(out) + '"'


def written(value):
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        need(abs(value) <= LIMIT, "number")
        return str(value)
    if isinstance(value, str):
        return write_text(value)
    if isinstance(value, list):
        return "[" + ",".join(written(one) for one in value) + "]"
    need(isinstance(value, dict), "json")
    names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(write_text(name) + ":" + written(value[name]) for name in names) + "}"


def write(value):
    return written(value).encode("utf-8", "strict")


# Envelope (§2)


def thumbprint(public):
    return b64u(sha256(b'{"crv":"Ed25519","kty":"OKP","x":"' + b64u(public).encode() + b'"}'))


def keys_of(jwks):
    """Public keys by thumbprint; the thumbprint is computed, not believed."""
    keys = {}
    for key in jwks["keys"]:
        need(key["kty"] == "OKP" and key["crv"] == "Ed25519", "key_kind")
        public = from_b64u(key["x"])
        need(thumbprint(public) == key["kid"], "thumbprint")
        keys[key["kid"]] = public
    return keys


def envelope(compact, keys, typ):
    """(payload, digest) of a compact envelope that holds."""
    parts = compact.split(".")
    need(len(parts) == 3, "parts")
    header, payload, signature = (from_b64u(part) for part in parts)
    named = parse(header)
    need(isinstance(named, dict) and sorted(named) == ["alg", "kid", "typ"], "header_members")
    need(named["alg"] in ("EdDSA", "Ed25519"), "alg")
    need(named["typ"] == typ, "typ")
    need(isinstance(named["kid"], str) and named["kid"] in keys, "key_unknown")
    record = parse(payload)
    signed = f"{parts[0]}.{parts[1]}".encode()
    need(ed25519.verify(keys[named["kid"]], signed, signature), "signature")
    return record, sha256(header, payload)


# Log (§6)


def verifier(text):
    """(origin, key id, public key) of a verifier key."""
    origin, key_id, key = text.strip().split("+", 2)
    key = from_b64(key)
    need(len(key) == 33 and key[0] == 1, "verifier_key")
    expected = sha256(origin.encode(), b"\n", key)[:4]
    need(expected.hex() == key_id, "key_id")
    return origin, expected, key[1:]


def checkpoint(note, origin, key_id, public):
    """(size, root) of a signed note of this log."""
    text, gap, lines = note.rpartition("\n\n")
    need(gap and lines.endswith("\n"), "note_form")
    body = text.split("\n")
    need(len(body) == 3 and body[0] == origin, "origin")
    need(re.fullmatch(r"0|[1-9][0-9]*", body[1]) is not None, "size")
    root = from_b64(body[2])
    need(len(root) == 32, "root")
    held = 0
    for line in lines[:-1].split("\n"):
        fields = line.split(" ")
        need(len(fields) == 3 and fields[0] == "\u2014", "signature_line")
        data = from_b64(fields[2])
        need(len(data) > 4, "signature_line")
        if fields[1] == origin and data[:4] == key_id:
            need(ed25519.verify(public, (text + "\n").encode(), data[4:]), "checkpoint_signature")
            held += 1
    need(held == 1, "unsigned")
    return int(body[1]), root


def root_of(leaf, index, size, path):
    """The root that an inclusion proof leads to (RFC 9162 §2.1.3.2)."""
    need(0 <= index < size, "index")
    here, last, node = index, size - 1, leaf
    for sister in path:
        need(last > 0 and len(sister) == 32, "proof_length")
        if here & 1 or here == last:
            node = sha256(b"\x01", sister, node)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            node = sha256(b"\x01", node, sister)
        here, last = here >> 1, last >> 1
    need(last == 0, "proof_length")
    return node


def receipt(given, key):
    """The access entry of a receipt that holds."""
    need(sorted(given) == ["checkpoint", "entry", "index", "log", "proof"], "receipt_members")
    size, root = checkpoint(given["checkpoint"], *key)
    data = from_b64u(given["entry"])
    leaf = sha256(b"\x00", sha256(data))
    path = [from_b64u(step) for step in given["proof"]]
    need(root_of(leaf, given["index"], size, path) == root, "not_included")
    entry = access_entry(data)
    need(entry["log"] == given["log"], "log_name")
    return entry


# Access entry (§5)


ALWAYS = {"actor", "answer", "at", "channel", "decision", "holder", "log", "outcome", "salt", "v"}
LAYOUTS = {1: ALWAYS | {"case", "fields", "item", "presence", "reason", "role", "types"}}
LAYOUTS[2] = LAYOUTS[1] | {
    *("agency", "article", "consent", "earlier", "evidence", "holders", "item_version", "joint", "linked"),
    *("mandate", "slots", "ticket", "bundle", "items"),
}
LIMIT_OF_ENTRY = 640
GIVE_WAY = ("fields", "slots", "types", "joint", "linked")


def access_entry(data):
    """An entry of layout 1 or 2."""
    entry = parse(data)
    need(isinstance(entry, dict) and entry.get("v") in LAYOUTS, "entry_layout")
    need(ALWAYS <= set(entry) <= LAYOUTS[entry["v"]], "entry_members")
    need(len(from_b64u(entry["salt"])) == 16, "salt")
    need(all(value is not None for value in entry.values()), "entry_null")
    return entry


def written_entry(entry):
    """The bytes of an entry of layout 2 whose lists stand in full: what is too long gives way."""
    entry = dict(entry)
    # The items of a bundle have room beside the limit.
    limit = LIMIT_OF_ENTRY + (len(b',"items":') + len(write(entry["items"])) if "items" in entry else 0)
    for name in GIVE_WAY:
        if len(write(entry)) > limit and name in entry and len(write(entry[name])) > 54:
            entry[name] = ["sha256:" + b64u(sha256(write(entry[name])))]
    return write(entry)


def salt_of(salt, name, place):
    return sha256(salt, f"{name}{place}".encode())[:16]


def seat(entry, code_type, code):
    """How the holder of a canonical code stands in an entry; None where it does not."""
    salt = from_b64u(entry["salt"])
    if from_b64u(entry["holder"]) == holder_hash(salt, code_type, code):
        return "asked"
    for name in ("linked", "joint"):
        for place, stands in enumerate(entry.get(name, [])):
            if stands == b64u(holder_hash(salt_of(salt, name, place), code_type, code)[:16]):
                return name
    return None


def proven(one, heads, digest):
    """A record of an answer is in the log: the event makes the leaf, and tells of this record."""
    event = one["event"]
    leaf = sha256(b"\x00", sha256(write(event)))
    head = next((head for head in heads if head["log"] == one["log"]), None)
    need(head is not None, "head")
    path = [from_b64u(step) for step in one["proof"]]
    need(root_of(leaf, one["leaf"], head["size"], path) == from_b64u(head["root"]), "not_in_log")
    subject = sha256(from_b64u(event["salt"]), one["identifier"].encode())
    need(event["kind"] == "record" and from_b64u(event["subject"]) == subject, "event_subject")
    need(event["version"] == one["version"], "event_version")
    need("envelope" not in event or from_b64u(event["envelope"]) == digest, "event_envelope")


def answer_list(answer, keys):
    """The list whose digest the entry carries, from the answer as it was served."""
    records = []
    for one in answer["records"]:
        if "envelope" in one:
            _, digest = envelope(one["envelope"], keys, "elicense-record+jws")
        else:
            digest = sha256(write(one["extract"] if "extract" in one else one["directory"]))
        # An identifier that is not shown is "" in the list.
        records.append([one.get("identifier", ""), one["version"], b64u(digest), one["verdict"], one["reasons"]])
    absent = [[one["type"], one["absence"]] for one in answer["absent"]]
    return {"absent": absent, "heads": answer["heads"], "records": records}


def history_list(history, keys):
    """The same of a history: its versions with the present verdict, and what the record was on the day asked about."""
    records = []
    for one in history["versions"]:
        digest = one.get("digest", b64u(bytes(32)))
        if "envelope" in one:
            _, signed = envelope(one["envelope"], keys, "elicense-record+jws")
            need(from_b64u(digest) == signed, "version_digest")
        records.append([one.get("identifier", ""), one["version"], digest, history["verdict"], history["reasons"]])
    day = history["standing"]
    standing = [day["answer"], day["as_of"], day["known_at"]]
    if day["was"] is not None:
        standing += [day["was"]["state"], day["was"]["version"], day["verdict"], day["reasons"]]
    return {"absent": [], "heads": [history["head"]], "records": records, "standing": standing}


def holder_hash(salt, code_type, code):
    return sha256(salt, f"{code_type}:{code}".encode())


class Served:
    """The files of DIR."""

    def __init__(self, folder):
        read = lambda name: (folder / name).read_text(encoding="utf-8")
        self.answer = json.loads(read("answer.json"))
        self.keys = keys_of(json.loads(read("jwks.json")))
        self.log = verifier(read("verifier.txt"))
        self.asked = json.loads(read("asked.json"))

    def check(self):
        identifiers = []
        for one in self.answer["records"]:
            record, digest = envelope(one["envelope"], self.keys, "elicense-record+jws")
            need(record["identifier"] == one["identifier"], "identifier")
            proven(one, self.answer["heads"], digest)
            identifiers.append(record["identifier"])
        entry = receipt(self.answer["receipt"], self.log)
        need(from_b64u(entry["answer"]) == sha256(write(answer_list(self.answer, self.keys))), "answer_digest")
        need(seat(entry, self.asked["code_type"], self.asked["code"]) == "asked", "holder_hash")
        for name in ("linked", "joint"):
            others = self.asked.get(name, [])
            need(len(entry.get(name, [])) == len(others), name)
            need(all(seat(entry, *other) == name for other in others), name)
        shown = 1 + sum(len(self.asked.get(name, [])) for name in ("linked", "joint"))
        need(entry.get("holders", 1) == shown, "holders")
        return identifiers


# Answers to predicates (§12)

SAID = {"answer", "at", "holder", "item", "item_version", "outcome", "predicate", "salt", "slot", "v", "valid_until"}
MAY_SAY = {"agency", "case", "evidence", "other", "text"}


def link(one):
    """One link of the chain of evidence: a record, or what a department told."""
    if set(one) == {"told"}:
        return len(from_b64u(one["told"])) == 16
    known = set(one) - {"digest", "reasons"} == {"place", "verdict", "version"}
    return known and ("digest" not in one or len(from_b64u(one["digest"])) == 32)


def predicate(compact, keys):
    """What an answer to a predicate says, if it holds."""
    said, _ = envelope(compact, keys, "elicense-answer+jws")
    need(SAID <= set(said) <= SAID | MAY_SAY and said["v"] == 1, "answer_members")
    need(said["answer"] in ("yes", "no", "unknown"), "answer_word")
    need(len(from_b64u(said["salt"])) == 16 and len(from_b64u(said["holder"])) == 32, "holder")
    need(said["at"] < said["valid_until"], "life")
    need(all(link(one) for one in said.get("evidence", [])), "evidence")
    need(said["answer"] == "unknown" or said.get("evidence"), "no_evidence")
    return said


def about(said, code_type, code):
    """Whether an answer is about the holder of a canonical code."""
    return from_b64u(said["holder"]) == holder_hash(from_b64u(said["salt"]), code_type, code)


def answers(folder):
    asked = json.loads((folder / "asked.json").read_text(encoding="utf-8"))
    keys = keys_of(json.loads((folder / "jwks.json").read_text(encoding="utf-8")))
    all_said = []
    for compact in json.loads((folder / "answers.json").read_text(encoding="utf-8")):
        all_said.append(predicate(compact, keys))
        need(about(all_said[-1], asked["code_type"], asked["code"]), "another holder")
        need(not about(all_said[-1], asked["code_type"], asked["code"][::-1]), "any holder")
        for at, changed in flips(compact):
            need(refuses(predicate, changed, keys), f"a change at {at} was let through")
        need(refuses(envelope, compact, keys, "elicense-record+jws"), "typ")
    return all_said


def refuses(what, *arguments):
    try:
        what(*arguments)
    except (Refused, KeyError, TypeError, ValueError):
        return True
    return False


def flips(text):
    """The text with one character changed, once for each."""
    for at, c in enumerate(text):
        other = chr(ord(c) ^ 1)
        yield at, text[:at] + other + text[at + 1 :]


def flip_bytes(data):
    for at in range(len(data)):
        yield at, data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :]


def flip(served):
    """Counts of refused changes by part; Refused names the first change that was let through."""
    counts = {}

    def refused(part, at, what, *arguments):
        need(refuses(what, *arguments), f"{part}: a change at {at} was let through")
        counts[part] = counts.get(part, 0) + 1

    typ = "elicense-record+jws"
    compact = served.answer["records"][0]["envelope"]
    for at, changed in flips(compact):
        refused("compact", at, envelope, changed, served.keys, typ)
    parts = compact.split(".")
    for place, part in enumerate(("header", "payload", "signature")):
        for at, changed in flip_bytes(from_b64u(parts[place])):
            whole = parts[:place] + [b64u(changed)] + parts[place + 1 :]
            refused(part, at, envelope, ".".join(whole), served.keys, typ)
    refused("typ", 0, envelope, compact, served.keys, "elicense-event+jws")
    refused("keys", 0, envelope, compact, {}, typ)

    given = served.answer["receipt"]
    for name in ("checkpoint", "entry", "log"):
        for at, changed in flips(given[name]):
            refused(name, at, receipt, {**given, name: changed}, served.log)
    for place, step in enumerate(given["proof"]):
        for at, changed in flips(step):
            proof = given["proof"][:place] + [changed] + given["proof"][place + 1 :]
            refused("proof", at, receipt, {**given, "proof": proof}, served.log)
    for index in (given["index"] - 1, given["index"] + 1, -1, 2**40):
        refused("index", index, receipt, {**given, "index": index}, served.log)
    refused("proof", "short", receipt, {**given, "proof": given["proof"][:-1]}, served.log)
    refused("proof", "long", receipt, {**given, "proof": given["proof"] + given["proof"][-1:]}, served.log)

    # What the checkpoint signs of the answer: every part of it.
    asked, answer = served.asked, served.answer
    for at, changed in flips(asked["code"]):
        served.asked = {**asked, "code": changed}
        refused("number", at, served.check)
    served.asked = asked
    first = answer["records"][0]
    other = [
        {**answer, "records": answer["records"][1:]},
        {**answer, "records": answer["records"][::-1]},
        {**answer, "records": [{**first, "verdict": "invalid"}] + answer["records"][1:]},
        {**answer, "records": [{**first, "reasons": ["disputed"]}] + answer["records"][1:]},
        {**answer, "records": [{**first, "version": 2}] + answer["records"][1:]},
        {**answer, "absent": [{"type": "x", "absence": "none"}]},
        {**answer, "heads": [{**answer["heads"][0], "size": answer["heads"][0]["size"] + 1}]},
    ]
    for place, changed in enumerate(other):
        served.answer = changed
        refused("answer", place, served.check)
    event, rest = first["event"], answer["records"][1:]
    for name in sorted(event):
        changed = {**event, name: event[name] + 1 if isinstance(event[name], int) else event[name] + "x"}
        served.answer = {**answer, "records": [{**first, "event": changed}] + rest}
        refused("event", name, served.check)
    served.answer = {**answer, "records": [{**first, "leaf": first["leaf"] + 1}] + rest}
    refused("event", "leaf", served.check)
    served.answer = answer
    return counts


def history(folder):
    """The history in the folder holds with its receipt, and no other one does."""
    told = json.loads((folder / "history.json").read_text(encoding="utf-8"))
    keys = keys_of(json.loads((folder / "jwks.json").read_text(encoding="utf-8")))
    log = verifier((folder / "verifier.txt").read_text(encoding="utf-8"))

    def check(changed):
        entry = receipt(changed["receipt"], log)
        need(entry["outcome"] == "history", "outcome")
        need(from_b64u(entry["answer"]) == sha256(write(history_list(changed, keys))), "answer_digest")

    check(told)
    day, versions = told["standing"], told["versions"]
    changed = [{**told, "standing": {**day, name: "x"}} for name in ("answer", "as_of", "known_at")]
    changed += [{**told, "verdict": "invalid" if told["verdict"] != "invalid" else "valid"}]
    changed += [{**told, "versions": versions[1:]}]
    changed += [{**told, "versions": [{**versions[0], "version": 9}] + versions[1:]}]
    if day["was"] is None:
        changed += [{**told, "standing": {**day, "was": {"state": "active", "version": 1}, "verdict": "valid", "reasons": []}}]
    else:
        changed += [
            {**told, "standing": {**day, "was": None}},
            {**told, "standing": {**day, "was": {**day["was"], "state": "x"}}},
            {**told, "standing": {**day, "was": {**day["was"], "version": 9}}},
            {**told, "standing": {**day, "verdict": "x"}},
            {**told, "standing": {**day, "reasons": day["reasons"] + ["disputed"]}},
        ]
    for at, one in enumerate(changed):
        need(refuses(check, one), f"change {at} was let through")
    return {"standing": day["answer"], "refused": len(changed)}


def values(path):
    """`name = value` of each line that is no comment."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split(" = ", 1) for line in lines if " = " in line and not line.startswith("#"))


def entries(folder):
    """The worked examples of entries hold, and so do the stored ones of layout 1."""
    given = values(folder / "bytes.txt")
    for name in ("access_1", "access", "access.shown", "access.long", "access.bundle"):
        data = given[f"{name}.json"].encode()
        access_entry(data)
        need(sha256(data).hex() == given[f"{name}.entry"], f"{name}.entry")
        need(sha256(b"\x00", sha256(data)).hex() == given[f"{name}.leaf"], f"{name}.leaf")
    shown = parse(given["access.shown.json"].encode())
    for number in range(1, 5):
        code_type, code, stands = given[f"access.shown.holder.{number}"].split(" ")
        need(seat(shown, code_type, code) == stands, f"access.shown.holder.{number}")
    salt = from_b64u(shown["salt"])
    need(salt_of(salt, "joint", 1).hex() == given["access.shown.salt_of_joint_1"], "salt_of_joint_1")
    evidence = "sha256:" + b64u(sha256(salt, given["access.shown.reader_text"].encode()))
    need(shown["evidence"] == evidence, "evidence")
    whole = parse(given["access.long.lists_in_full"].encode())
    need(written_entry(whole) == given["access.long.json"].encode(), "access.long")

    before = values(folder / "access_v1.txt")
    key, held = verifier(before["verifier"]), 0
    for name in sorted(name for name in before if name.startswith("receipt.")):
        entry = receipt(json.loads(before[name]), key)
        need(entry["v"] == 1, name)
        need(seat(entry, *before[name.replace("receipt", "holder")].split(" ")) == "asked", name)
        held += 1
    need(held > 3, "the stored entries are missing")
    return {"examples": 4, "held": held}


def vectors(folder):
    """RFC 8032 holds, its tampered messages and the weak keys do not."""
    held = broken = 0
    for line in (folder / "ed25519.txt").read_text(encoding="utf-8").splitlines():
        fields = [field.strip() for field in line.split("|")]
        if fields[0] == "rfc8032":
            public, message, signature = (bytes.fromhex(field) for field in fields[2:5])
            need(ed25519.verify(public, message, signature), line)
            held += 1
            for at, changed in flip_bytes(signature):
                need(not ed25519.verify(public, message, changed), f"{line} changed at {at}")
                broken += 1
            need(not ed25519.verify(public, message + b"x", signature), line)
        elif fields[0] == "weak":
            need(not ed25519.verify(bytes.fromhex(fields[1]), b"", bytes.fromhex(fields[1]) + bytes(32)), line)
            broken += 1
        elif fields[0] == "small_r":
            need(not ed25519.verify(*(bytes.fromhex(field) for field in fields[1:4])), line)
            broken += 1
    need(held >= 3 and broken > 100, "the vectors are missing")
    return {"held": held, "refused": broken}


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in ("check", "flip", "answers", "history", "vectors", "entries"):
        print(__doc__, file=sys.stderr)
        return 2
    what, folder = arguments[0], Path(arguments[1])
    try:
        if what in ("answers", "vectors", "entries"):
            found = {"answers": answers, "vectors": vectors, "entries": entries}[what](folder)
        elif what == "flip":
            found = flip(Served(folder))
        elif what == "history":
            found = history(folder)
        else:
            found = Served(folder).check()
    except Refused as refused:
        print(f"refused: {refused}", file=sys.stderr)
        return 1
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
