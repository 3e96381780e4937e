//! Rows of pipelines' topics as JSON: what `consume --json` makes of them by the schemas that are kept with the topic.

mod called;

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use log_store::{RecordsBuilder, Store, Topic, TopicConfig};
use serde_json::Value;

use called::{Called, Dir};

/// A row as the runtime's golden files have it.
struct Golden {
    name: String,
    json: String,
    schemas: String,
    bytes: Vec<u8>,
}

impl Golden {
    fn read(path: &Path) -> Golden {
        let text = fs::read_to_string(path).unwrap();
        let (mut json, mut schemas, mut bytes) = (String::new(), String::new(), Vec::new());
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("row", row)) => json = row.trim_start().to_owned(),
                Some(("schemas", kept)) => schemas = kept.trim_start().to_owned(),
                Some(("bytes", _)) => {}
                _ => {
                    let numbers = line.get(..48).unwrap_or(line).split_whitespace();
                    bytes.extend(numbers.map(|number| u8::from_str_radix(number, 16).unwrap()));
                }
            }
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        Golden { name, json, schemas, bytes }
    }

    /// All that there are.
    fn all() -> Vec<Golden> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../dsl-runtime/tests/record/golden");
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let all: Vec<_> = files.map(|path| Golden::read(&path)).collect();
        assert!(all.len() >= 5, "the golden files have moved");
        all
    }

    fn named(name: &str) -> Golden {
        Golden::all().into_iter().find(|golden| golden.name == name).unwrap()
    }
}

/// A topic of native rows.
fn topic(store: &Store, name: &str, schemas: &str, key: &str) -> Topic {
    let topic = store.create_topic(name, TopicConfig::default()).unwrap();
    for (property, value) in [("format", "native"), ("schemas", schemas), ("key", key)] {
        topic.set_property(&format!("waterwheel.{property}"), value.as_bytes()).unwrap();
    }
    topic
}

type KeyAndValue<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

fn append(topic: &Topic, records: &[KeyAndValue<'_>]) {
    let mut builder = RecordsBuilder::new();
    records.iter().for_each(|(key, value)| builder.push(0, *key, *value));
    topic.partition(0).unwrap().append(builder).unwrap();
}

/// The member of each record that was printed.
fn members(called: &Called, member: &str) -> Vec<Value> {
    let record = |line: &str| serde_json::from_str::<Value>(line).unwrap()[member].take();
    called.succeeded().lines().map(record).collect()
}

fn base64(bytes: &[u8]) -> Value {
    serde_json::json!({ "base64": STANDARD.encode(bytes) })
}

#[test]
fn golden_rows_are_the_json_that_their_types_write() {
    let dir = Dir::new();
    let store = Store::open(dir.path()).unwrap();
    for golden in Golden::all() {
        append(&topic(&store, &golden.name, &golden.schemas, ""), &[(None, Some(&golden.bytes))]);
        let printed = dir.call(&format!("consume {} --until-end --json", golden.name)).succeeded();
        let expected = format!(
            "{{\"partition\":0,\"offset\":0,\"timestamp\":0,\"key\":null,\"value\":{},\"headers\":{{}}}}\n",
            golden.json
        );
        assert_eq!(printed, expected);
    }
}

#[test]
fn raw_rows_are_bytes_that_copy_a_topic() {
    let dir = Dir::new();
    let store = Store::open(dir.path()).unwrap();
    let golden = Golden::named("payment");
    append(
        &topic(&store, "payments", &golden.schemas, "card"),
        &[(Some(b"4711"), Some(&golden.bytes)), (None, None)],
    );
    let raw = dir.call("consume payments --until-end --json --raw");
    assert_eq!(members(&raw, "value"), [base64(&golden.bytes), Value::Null]);
    store.create_topic("copy", TopicConfig::default()).unwrap();
    dir.call_with("produce copy --json", &raw.succeeded()).succeeds("");
    dir.call("consume copy --until-end --json").succeeds(&raw.succeeded());
    let decoded = dir.call("consume payments --until-end --json").succeeded();
    dir.call_with("produce copy --json", &decoded).fails_with("by `consume --json --raw`");
    dir.call("consume payments --until-end --raw").is_wrong("--json");
}

#[test]
fn what_is_no_row_is_not_appended_to_a_topic_of_rows() {
    let dir = Dir::new();
    let store = Store::open(dir.path()).unwrap();
    let golden = Golden::named("payment");
    topic(&store, "payments", &golden.schemas, "card");
    let row = serde_json::json!({ "key": "4711", "value": base64(&golden.bytes) });
    let lines = format!("{row}\n{{\"value\":\"12.50\"}}\n{row}\n");
    let called = dir.call_with("produce payments --json --acks", &lines);
    let printed =
        called.fails_printing("line 2 of stdin: it is no row of topic `payments`, whose format is `native`");
    assert_eq!(printed, "{\"partition\":0,\"offset\":0}\n");
    assert!(called.said().contains("it begins with schema number 49"), "{}", called.said());
    dir.call_with("produce payments", "12.50\n").fails_with("line 1 of stdin: it is no row");
    dir.call_with("produce payments --json", "{\"key\":\"4711\"}\n").succeeds("");
    let there = dir.call("consume payments --until-end --json");
    assert_eq!(members(&there, "offset"), [0, 1]);
}

#[test]
fn a_row_that_is_damaged_is_bytes_and_told_once() {
    let dir = Dir::new();
    let store = Store::open(dir.path()).unwrap();
    let golden = Golden::named("payment");
    let rows = topic(&store, "payments", &golden.schemas, "card");
    let mut no_text = golden.bytes.clone();
    *no_text.last_mut().unwrap() = 0xff;
    let unknown = [&[9], &golden.bytes[1..]].concat();
    let records =
        [&golden.bytes, &no_text, &unknown, &golden.bytes].map(|row| (Some(&b"4711"[..]), Some(&row[..])));
    append(&rows, &records);
    let called = dir.call("consume payments --until-end --json");
    let json: Value = serde_json::from_str(&golden.json).unwrap();
    assert_eq!(members(&called, "value"), [json.clone(), base64(&no_text), base64(&unknown), json]);
    assert_eq!(called.said().matches("warning: ").count(), 1, "{}", called.said());
    let said = "partition 0 offset 1 of topic `payments` is no row that can be decoded: field `note` of `Payment`: not UTF-8";
    assert!(called.said().contains(said), "{}", called.said());
}

/// Of a list of schemas that is damaged, and of a kind of fields that a later program has.
#[test]
fn rows_whose_schemas_cannot_be_read_are_bytes_and_the_reason_is_told() {
    let dir = Dir::new();
    let store = Store::open(dir.path()).unwrap();
    let golden = Golden::named("payment");
    let cut = &golden.schemas[..golden.schemas.len() - 1];
    let later = golden.schemas.replace("\"timestamp\"", "\"instant\"");
    for (name, schemas, said) in [
        ("cut", cut, "the topic's list of schemas cannot be read: EOF while parsing"),
        ("later", &later, "its schema, number 0: unknown variant `instant`"),
        ("none", "[]", "it begins with schema number 0, and the topic keeps 0, from 0 on"),
    ] {
        append(&topic(&store, name, schemas, "card"), &[(Some(b"4711"), Some(&golden.bytes))]);
        let called = dir.call(&format!("consume {name} --until-end --json"));
        assert_eq!(members(&called, "value"), [base64(&golden.bytes)]);
        assert_eq!(members(&called, "key"), ["4711"]);
        assert!(called.said().contains(said), "{}", called.said());
    }
}
