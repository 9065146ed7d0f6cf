//! The tables as both databases have them: BigInt, Integer, SmallInt, Text, Binary, Bool and nothing else.
//!
//! Instants are BigInt microseconds (I9): a database `timestamp` would be text on SQLite and cost parsing on
//! the lookup path. Legal days are Integer days since 1970-01-01. `migrations/` has the purpose of each
//! table; a test compares the two.

use diesel::table;

table! { log_heads (log) { log -> Text, origin -> Text, size -> BigInt, root -> Binary, frontier -> Binary, note -> Text, at -> BigInt, epoch -> BigInt, owner -> Text, lease_until -> BigInt, indexed -> BigInt, closed -> Bool, commit_us -> BigInt, } }
table! { tiles (log, level, idx) { log -> Text, level -> SmallInt, idx -> BigInt, hashes -> Binary, root -> Binary, } }
table! { log_batches (log, first) { log -> Text, first -> BigInt, count -> BigInt, entries -> Binary, } }

table! {
    records (hk, type_code, record_id) {
        hk -> Binary, type_code -> Text, record_id -> Binary, kind -> SmallInt, custody -> SmallInt, version -> Integer,
        identifier -> Nullable<Text>, issuer -> Text, state -> SmallInt, valid_from -> Nullable<Integer>,
        valid_to -> Nullable<Integer>, as_of -> BigInt, disputed -> Bool, log -> Text, leaf -> BigInt,
        row_seq -> BigInt, key_id -> Integer, sealed -> Binary,
    }
}
table! {
    past_records (hk, record_id, version) {
        hk -> Binary, type_code -> Text, record_id -> Binary, kind -> SmallInt, custody -> SmallInt, version -> Integer,
        identifier -> Nullable<Text>, issuer -> Text, state -> SmallInt, valid_from -> Nullable<Integer>,
        valid_to -> Nullable<Integer>, as_of -> BigInt, disputed -> Bool, log -> Text, leaf -> BigInt,
        row_seq -> BigInt, key_id -> Integer, sealed -> Binary,
    }
}
table! { record_signatures (hk, record_id, version, alg, kid) { hk -> Binary, record_id -> Binary, version -> Integer, alg -> Text, kid -> Text, value -> Binary, } }
table! {
    events (hk, record_id, seq) {
        hk -> Binary, record_id -> Binary, seq -> Integer, action -> Text, effective_on -> Integer,
        logged_at -> BigInt, log -> Text, leaf -> BigInt, key_id -> Integer, sealed -> Binary,
    }
}
table! { holders (hk) { hk -> Binary, state -> SmallInt, links -> SmallInt, key_id -> Integer, sealed -> Binary, } }
table! { record_keys (key) { key -> Binary, record_id -> Binary, version -> Integer, key_id -> Integer, sealed -> Binary, } }

table! { registry_facts (name) { name -> Text, value -> Binary, } }
table! { config_version (id) { id -> Integer, version -> BigInt, } }
table! {
    signing_keys (kid) {
        kid -> Text, owner -> Text, purpose -> Text, public -> Binary, wrapped -> Nullable<Binary>,
        valid_from -> BigInt, revoked_at -> Nullable<BigInt>, revoked_since -> Nullable<BigInt>, revoked_why -> Nullable<Text>,
    }
}
table! { data_keys (id) { id -> Integer, purpose -> Text, month -> Integer, wrapped -> Binary, made_at -> BigInt, reserved -> BigInt, ended_at -> Nullable<BigInt>, } }
table! { public_events (log, leaf) { log -> Text, leaf -> BigInt, kind -> Text, subject -> Text, event -> Binary, signed -> Nullable<Binary>, } }

table! { agencies (code, valid_from) { code -> Text, valid_from -> Integer, body -> Text, } }
table! { authorities (agency, type_code, region, valid_from) { agency -> Text, type_code -> Text, region -> Text, valid_from -> Integer, body -> Text, } }
table! { empowerments (agency, statement, region, valid_from) { agency -> Text, statement -> Text, region -> Text, valid_from -> Integer, body -> Text, } }
table! { items (code, version) { code -> Text, version -> Integer, body -> Text, } }
table! { bundles (code, version) { code -> Text, version -> Integer, body -> Text, } }
table! { sources (department, agency) { department -> Text, agency -> Text, body -> Text, } }
table! { types (code, version) { code -> Text, version -> Integer, body -> Text, } }
table! { coverage (type_code, system) { type_code -> Text, system -> Text, as_of -> BigInt, signed -> Binary, } }

table! { clients (id) { id -> Text, agency -> Text, secret -> Text, body -> Text, enabled -> Bool, made_at -> BigInt, } }
table! {
    accounts (name) {
        name -> Text, display -> Text, agency -> Text, roles -> Text, password -> Text, enabled -> Bool, body -> Text,
        failures -> Integer, locked_until -> BigInt, made_at -> BigInt, region -> Nullable<Text>,
        own_number -> Nullable<Binary>,
    }
}
table! { sign_in_attempts (key) { key -> Binary, failures -> Integer, begun_at -> BigInt, locked_until -> BigInt, } }
table! { sessions (key) { key -> Binary, account -> Text, csrf -> Text, made_at -> BigInt, seen_at -> BigInt, ends_at -> BigInt, } }

table! { idempotency (key) { key -> Binary, digest -> Binary, at -> BigInt, key_id -> Integer, sealed -> Binary, } }
table! { answers (hk, nonce) { hk -> Binary, nonce -> Binary, ask -> Binary, at -> BigInt, valid_until -> BigInt, key_id -> Integer, sealed -> Binary, } }
table! { attachments (key, chunk) { key -> Binary, chunk -> Integer, key_id -> Integer, sealed -> Binary, } }
table! { attachment_kinds (key) { key -> Binary, key_id -> Integer, sealed -> Binary, } }
table! { attachment_days (client, day) { client -> Text, day -> Integer, bytes -> BigInt, } }
table! { protected_holders (hk) { hk -> Binary, key_id -> Integer, sealed -> Binary, } }
table! { mappings (type_code, issuer, version) { type_code -> Text, issuer -> Text, version -> Integer, body -> Text, saved_at -> BigInt, saved_by -> Text, } }
table! {
    proposals (number) {
        number -> BigInt, issuer -> Text, at -> BigInt, record_id -> Binary, action -> Text, hk -> Binary,
        because -> Text, settled_at -> Nullable<BigInt>, settled_by -> Nullable<Text>, key_id -> Integer,
        sealed -> Binary,
    }
}
table! { import_runs (id) { id -> Text, state -> Text, started_at -> BigInt, body -> Text, signed -> Nullable<Binary>, } }

table! { access_batches (log, first) { log -> Text, first -> BigInt, count -> Integer, at -> BigInt, key_id -> Integer, entries -> Binary, } }
table! { access_by_holder (hk, at, log, idx) { hk -> Binary, at -> BigInt, log -> Text, idx -> BigInt, } }
table! { charges (day, node, seq) { day -> Integer, node -> Text, seq -> BigInt, at -> BigInt, key_id -> Integer, sealed -> Binary, } }
table! { alarms (actor, at, node) { actor -> Text, at -> BigInt, node -> Text, kind -> Text, tries -> Integer, until -> BigInt, lifted_at -> Nullable<BigInt>, lifted_by -> Nullable<Text>, key_id -> Integer, sealed -> Binary, } }
