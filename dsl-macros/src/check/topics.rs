//! Declarations of topics: names, settings and their values.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Expr, ExprLit, GenericArgument, Ident, Lit, LitStr, Pat, PathArguments, Type};

use crate::ast::{FieldsOfRow, Format, Setting, SettingValue, Topic, TopicDeclaration};
use crate::before;
use crate::diagnostics::{Diagnostics, error_type};
use crate::duration::{Duration, as_meant};
use crate::vocabulary::similar;
use crate::written::written;

const SETTINGS: &[&str] = &["key", "time", "partitions", "format", "retention", "compression", "durability"];
const CODECS: &[&str] = &["none", "gzip", "snappy", "lz4", "zstd"];
const DURABILITIES: &[&str] = &["fsync", "interval", "os"];
const FORMATS: &[&str] = &["native", "json", "raw"];
const NAME_LENGTH_MAX: usize = 249;

/// Checks declarations, and gives each its meaning. One with an error is kept, with the setting left at its default.
pub(crate) fn topics(declarations: Vec<TopicDeclaration>, diagnostics: &mut Diagnostics) -> Vec<Topic> {
    let mut names: Vec<String> = Vec::new();
    let mut topics: Vec<Topic> = Vec::new();
    for mut declaration in declarations {
        if topics.iter().any(|earlier| earlier.ident == declaration.ident) {
            let message = format!(
                "a topic `{}` is already declared above: give this one another name",
                declaration.ident
            );
            diagnostics.error(&declaration.ident, message);
            continue;
        }
        if matches!(&declaration.row, Type::Path(path) if path.path.is_ident(&declaration.ident)) {
            let name = declaration.ident.to_string();
            let message = match name.strip_suffix('s') {
                Some(one) => format!(
                    "the topic and the type of its rows need names of their own, such as `{name}(..): {one}`"
                ),
                None => format!(
                    "the topic and the type of its rows need names of their own, such as `{name}s(..): {name}`"
                ),
            };
            let error = syn::Error::new_spanned(&declaration.ident, message);
            let mut topic = topic(declaration, diagnostics);
            topic.called_as_its_row = Some(error_type(&error));
            topics.push(topic);
            continue;
        }
        if let Type::Verbatim(_) = &declaration.row {
            topics.push(topic(declaration, diagnostics));
            continue;
        }
        if declaration.ident.to_string().starts_with(|letter: char| letter.is_ascii_lowercase()) {
            let message = "a topic is a type, and its name begins like one with a capital letter, as in `Payments(\"payments\"): Payment { .. }`";
            diagnostics.error(&declaration.ident, message);
        }
        if let Some((message, row)) = no_row(&declaration) {
            diagnostics.error(&declaration.row, message);
            declaration.row = row;
        }
        name(&declaration.name, diagnostics);
        if names.contains(&declaration.name.value()) {
            let message =
                format!("topic name \"{}\" is already taken by a topic above", declaration.name.value());
            diagnostics.error(&declaration.name, message);
        }
        names.push(declaration.name.value());
        topics.push(topic(declaration, diagnostics));
    }
    topics
}

/// What to say of a row type that can be none, and the type that is meant.
fn no_row(declaration: &TopicDeclaration) -> Option<(String, Type)> {
    match &declaration.row {
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
            let Some(GenericArgument::Type(of)) = arguments.args.first() else { return None };
            let one_by_one = ["Vec", "Option", "Box", "Arc", "Rc"].iter().any(|word| last.ident == word);
            let meant = written(of);
            one_by_one
                .then(|| (format!("a topic holds rows one by one: its row type is `{meant}`"), of.clone()))
        }
        Type::Reference(reference) => {
            let owned = &*reference.elem;
            let message = format!(
                "a topic's rows are kept in the log, not borrowed: write `{}` without `&`",
                owned.to_token_stream()
            );
            Some((message, owned.clone()))
        }
        _ => None,
    }
}

/// Kafka's rule for names.
fn name(name: &LitStr, diagnostics: &mut Diagnostics) {
    let text = name.value();
    let wrong = text.chars().find(|letter| !letter.is_ascii_alphanumeric() && !"._-".contains(*letter));
    if text.is_empty() {
        diagnostics.error(name, "a topic needs a name, such as \"payments\"");
    } else if text == "." || text == ".." {
        diagnostics.error(name, "a topic cannot be named \".\" or \"..\"");
    } else if let Some(wrong) = wrong {
        let message = format!(
            "`{}` cannot stand in a topic's name: use letters from a to z and A to Z, digits, `.`, `_` and `-`",
            wrong.escape_default()
        );
        diagnostics.error(name, message);
    } else if text.len() > NAME_LENGTH_MAX {
        let message =
            format!("a topic's name has at most {NAME_LENGTH_MAX} letters, this one has {}", text.len());
        diagnostics.error(name, message);
    } else if text.starts_with("__") {
        diagnostics
            .error(name, "topic names that start with `__` are kept for internal topics: choose another one");
    }
}

fn topic(declaration: TopicDeclaration, diagnostics: &mut Diagnostics) -> Topic {
    before::topic(&declaration.ident, &declaration.row);
    let mut topic = Topic {
        attributes: declaration.attributes,
        visibility: declaration.visibility,
        ident: declaration.ident,
        name: declaration.name,
        row: declaration.row,
        key: None,
        time: None,
        time_refused: None,
        called_as_its_row: None,
        time_is_append: false,
        partitions: 1,
        format: Format::Native,
        retention_ms: None,
        compression: None,
        durability: None,
    };
    let mut seen: Vec<Ident> = Vec::new();
    let mut found = Diagnostics::new();
    for Setting { name, value } in declaration.settings {
        if !SETTINGS.iter().any(|known| name == known) {
            let message = match value {
                SettingValue::Missing if !seen.is_empty() => format!(
                    "`{name}` has no value: a setting is written `setting: ..`, and a key of several fields is a tuple, `key: (card, shop)`"
                ),
                _ => unknown_setting(&name),
            };
            found.error(&name, message);
            continue;
        }
        if seen.contains(&name) {
            found.error(&name, format!("`{name}` is given twice for one topic"));
            continue;
        }
        match value {
            SettingValue::Given { colon, value } => {
                set(&mut topic, &name, FieldsOfRow { colon, value }, &mut found)
            }
            SettingValue::Missing => {
                found.error(&name, format!("`{name}` needs a value: {}", example(&name)))
            }
        }
        seen.push(name);
    }
    if topic.time.is_none() {
        // The wrong setting may be the time: a source of the topic is not blamed for the lack of one.
        topic.time_refused = found.take_first().map(|error| error_type(&error));
    }
    diagnostics.append(found);
    topic
}

fn unknown_setting(name: &Ident) -> String {
    let text = name.to_string();
    match similar(&text, SETTINGS) {
        Some(meant) => format!("a topic has no setting `{text}`: did you mean `{meant}`?"),
        None => {
            let meant = OTHER_SETTINGS.iter().find(|(words, _)| words.split(' ').any(|word| word == text));
            let says = meant.map_or(ALL_SETTINGS, |(_, says)| says);
            format!("a topic has no setting `{text}`: {says}")
        }
    }
}

const ALL_SETTINGS: &str =
    "there are `key`, `time`, `partitions`, `format`, `retention`, `compression` and `durability`";

/// Words of other systems, and what there is.
const OTHER_SETTINGS: &[(&str, &str)] = &[
    (
        "timestamp event_time ts rowtime timestamp_field time_field timestamp_extractor timestamp_type append_time log_append_time",
        "event time is `time: at`, a field of the rows, or `time: append`, the time at which a record was appended",
    ),
    (
        "watermark lateness late late_drop grace idle out_of_orderness",
        "how late rows may come is said where the topic is read, `source(Payments).lateness(10s).late_drop()`",
    ),
    ("parallelism shards num_partitions partition_count buckets", "how many parts it has is `partitions: 4`"),
    (
        "partition_by partition_key primary_key keyed_by keys id distributed_by",
        "the partition of a row is chosen by `key: card`",
    ),
    ("serde encoding serializer codec value_format serialization", "how rows are stored is `format: json`"),
    ("name topic", "its name in the log stands in the parentheses, `Payments(\"payments\")`"),
    (
        "ttl retention_ms retention_time retention_period expire expires expiry max_age",
        "how long rows are kept is `retention: 7d`",
    ),
    ("compress compression_type codec_type compressed", "how rows are compressed is `compression: lz4`"),
    (
        "retention_bytes segment_bytes segment_ms max_message_bytes flush_ms",
        "that is a setting of the log, which `waterwheel-log topic alter` changes; here are `retention`, `compression` and `durability`",
    ),
    (
        "acks fsync sync durable flush",
        "when a row that is appended is acknowledged is `durability: fsync`, which is so without being said, `interval` or `os`",
    ),
    (
        "compact compaction cleanup cleanup_policy replicas replication replication_factor",
        "each row is kept once, and none is replaced by a later one of its key; how long they are kept is `retention: 7d`",
    ),
];

fn example(setting: &Ident) -> &'static str {
    match setting.to_string().as_str() {
        "key" => "a field, `key: card`, several, `key: (card, shop)`, or a closure, `key: |row| row.card`",
        "time" => {
            "a field, `time: at`, a closure, `time: |row| row.at`, or the time at which a record was appended, `time: append`"
        }
        "partitions" => "`partitions: 4`",
        "retention" => "how long rows are kept, `retention: 7d`",
        "compression" => "`compression: lz4`",
        "durability" => "when a row that is appended is acknowledged, `durability: interval`",
        _ => "`format: json`",
    }
}

/// What to say of a closure that takes the row, or gives its value, in another way than it comes.
fn lends_or_takes(value: &Expr) -> Option<(TokenStream, String)> {
    let Expr::Closure(closure) = value else { return None };
    if let Some(Pat::Type(row)) = closure.inputs.first()
        && !matches!(&*row.ty, Type::Reference(_) | Type::Infer(_))
    {
        let (pattern, ty) = (row.pat.to_token_stream(), row.ty.to_token_stream());
        return Some((
            row.ty.to_token_stream(),
            format!("the row comes by reference: write `|{pattern}|`, or `|{pattern}: &{ty}|`"),
        ));
    }
    match &*closure.body {
        Expr::Reference(lent) if lent.mutability.is_none() => {
            let of = written(&lent.expr);
            Some((
                lent.to_token_stream(),
                format!("a field is given back without `&`, and cloned: write `{of}`"),
            ))
        }
        _ => None,
    }
}

fn set(topic: &mut Topic, setting: &Ident, given: FieldsOfRow, diagnostics: &mut Diagnostics) {
    let value = &given.value;
    if let Some((at, message)) = lends_or_takes(value) {
        diagnostics.error(at, message);
        return;
    }
    let word = setting.to_string();
    if ["key", "time"].contains(&word.as_str())
        && let Some((row, field)) = field_of_a_row(value)
    {
        let inside = match row.starts_with(char::is_uppercase) {
            true => String::new(),
            false => format!(
                "; one of a record inside of the row, which is called `{row}`, is taken by a closure, `{setting}: |row| row.{row}.{field}`"
            ),
        };
        let message = format!("a field of the row is named alone: write `{setting}: {field}`{inside}");
        diagnostics.error(value, message);
        return;
    }
    match word.as_str() {
        "key" => {
            if is_field_or_closure(value) || is_tuple_of_fields(value) {
                topic.key = Some(given);
            } else {
                diagnostics.error(value, format!("a topic's key is {}", example(setting)));
            }
        }
        "time" => {
            if is_field_or_closure(value) {
                topic.time_is_append = is_append(value);
                topic.time = Some(given);
            } else if names_append(value) {
                diagnostics.error(
                    value,
                    "a topic has one event time: that of a field, `time: at`, or the time at which a record was appended, `time: append`",
                );
            } else {
                diagnostics.error(value, format!("a topic's event time is {}", example(setting)));
            }
        }
        "retention" => topic.retention_ms = retention(value, diagnostics),
        "compression" => topic.compression = word_of(setting, value, CODECS, diagnostics),
        "durability" => topic.durability = word_of(setting, value, DURABILITIES, diagnostics),
        "partitions" => topic.partitions = partitions(value, diagnostics).unwrap_or(1),
        _ => topic.format = format(value, diagnostics).unwrap_or(Format::Native),
    }
}

/// `p.card`, where the row is meant by `p`.
fn field_of_a_row(value: &Expr) -> Option<(String, String)> {
    let field = match value {
        Expr::Tuple(tuple) => return tuple.elems.iter().find_map(field_of_a_row),
        Expr::Field(field) => field,
        _ => return None,
    };
    let Expr::Path(row) = &*field.base else { return None };
    let row = row.path.get_ident()?.to_string();
    let means_row = row.starts_with(char::is_uppercase)
        || row.chars().count() == 1
        || ["row", "self", "this", "record", "value", "it"].contains(&row.as_str());
    means_row.then(|| (row, field.member.to_token_stream().to_string()))
}

fn partitions(value: &Expr, diagnostics: &mut Diagnostics) -> Option<u32> {
    let count = match value {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if number.suffix().is_empty() => {
            number.base10_parse::<u32>().ok().filter(|count| (1..=65_535).contains(count))
        }
        _ => None,
    };
    if count.is_none() {
        diagnostics.error(value, "`partitions` is a whole number from 1 to 65535, such as `partitions: 4`");
    }
    count
}

fn retention(value: &Expr, diagnostics: &mut Diagnostics) -> Option<u64> {
    let literal = match value {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => Some(number),
        _ => None,
    };
    let duration = literal.and_then(Duration::of_literal);
    match duration {
        Some(Ok(duration)) if duration.millis > 0 => return u64::try_from(duration.millis).ok(),
        Some(Err(error)) => {
            diagnostics.absorb(error);
            return None;
        }
        _ => {}
    }
    let meant = literal.and_then(|number| as_meant(number.base10_digits(), number.suffix()));
    let meant = match meant {
        Some(meant) => format!("write `retention: {meant}`"),
        None => "a number with a unit, `ms`, `s`, `m`, `h` or `d`, such as `retention: 7d`; without it they are kept for ever".to_owned(),
    };
    diagnostics.error(value, format!("`retention` is how long rows are kept: {meant}"));
    None
}

/// One of the words that a setting may be.
fn word_of(
    setting: &Ident,
    value: &Expr,
    words: &'static [&'static str],
    diagnostics: &mut Diagnostics,
) -> Option<&'static str> {
    let (word, is_text) = match value {
        Expr::Path(path) => (path.path.get_ident().map(ToString::to_string).unwrap_or_default(), false),
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => (text.value(), true),
        _ => (String::new(), false),
    };
    let known = words.iter().find(|known| **known == word);
    let meant = match known {
        Some(known) if !is_text => return Some(known),
        Some(known) => format!(": write `{known}`, without quotes"),
        None => similar(&word, words).map(|meant| format!(": did you mean `{meant}`?")).unwrap_or_default(),
    };
    let listed = match setting.to_string().as_str() {
        "compression" => "`lz4`, `zstd`, `gzip`, `snappy` or `none`",
        _ => "`fsync`, `interval` or `os`",
    };
    diagnostics.error(value, format!("`{setting}` is {listed}{meant}"));
    None
}

fn format(value: &Expr, diagnostics: &mut Diagnostics) -> Option<Format> {
    let word = match value {
        Expr::Path(path) => path.path.get_ident().map(ToString::to_string).unwrap_or_default(),
        _ => String::new(),
    };
    match word.as_str() {
        "native" => Some(Format::Native),
        "json" => Some(Format::Json),
        "raw" => Some(Format::Raw),
        other => {
            let meant = match value {
                Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. })
                    if FORMATS.contains(&text.value().as_str()) =>
                {
                    format!(": write `{}`, without quotes", text.value())
                }
                _ => similar(other, FORMATS)
                    .map(|meant| format!(": did you mean `{meant}`?"))
                    .unwrap_or_default(),
            };
            diagnostics.error(value, format!("a topic's format is `native`, `json` or `raw`{meant}"));
            None
        }
    }
}

fn is_field_or_closure(value: &Expr) -> bool {
    match value {
        Expr::Closure(closure) => closure.inputs.len() == 1,
        other => is_field(other),
    }
}

/// The word for the time at which a record was appended.
fn is_append(value: &Expr) -> bool {
    matches!(value, Expr::Path(path) if path.path.is_ident("append"))
}

/// Whether a value has that word beside others.
fn names_append(value: &Expr) -> bool {
    match value {
        Expr::Tuple(tuple) => tuple.elems.iter().any(is_append),
        Expr::Array(list) => list.elems.iter().any(is_append),
        Expr::Binary(both) => is_append(&both.left) || is_append(&both.right),
        Expr::Paren(inner) => is_append(&inner.expr),
        Expr::Call(call) => is_append(&call.func),
        _ => false,
    }
}

fn is_tuple_of_fields(value: &Expr) -> bool {
    matches!(value, Expr::Tuple(tuple) if !tuple.elems.is_empty() && tuple.elems.iter().all(is_field))
}

/// `card`, or `owner.card` for a field of a nested record.
fn is_field(value: &Expr) -> bool {
    match value {
        Expr::Path(path) => path.path.get_ident().is_some(),
        Expr::Field(field) => is_field(&field.base),
        _ => false,
    }
}
