//! The procedural macros of Waterwheel.
//!
//! Programs depend on `waterwheel`, whose prelude has them, with an example of each that runs: what they emit refers to it.
//!
//! Each macro runs through the same stages: `parse` makes an `ast` of the tokens, `check` applies the rules that types
//! cannot see, `plan` adds what the user need not write, `emit` gives code that calls documented functions of the
//! runtime. Every stage reports all its errors and hands on what it could make sense of.

mod ast;
mod before;
mod check;
mod diagnostics;
mod duration;
mod emit;
mod expand;
mod key;
mod parse;
mod paths;
mod plan;
mod record;
mod signposts;
#[cfg(test)]
mod tests;
mod vocabulary;
mod written;

use proc_macro::TokenStream;

/// Declares topics: for each a type that names it in `source(..)` and `.sink(..)`.
///
/// ```text
/// topics! {
///     /// Card payments, as the shops send them.
///     pub Payments("payments"): Payment { key: card, time: at, partitions: 8 }
///     pub Alerts("alerts"): Alert { key: card, format: json }
/// }
/// ```
///
/// Settings, all of them optional:
/// - `key`: a field, a tuple of fields `(card, shop)` or a closure `|p| p.card`; its encoding chooses the partition.
/// - `time`: the event time, a field or a closure that gives a `Timestamp`.
/// - `partitions`: from 1 to 65535; 1 unless said otherwise.
/// - `format`: `native` (the default), `json` or `raw`.
#[proc_macro]
pub fn topics(input: TokenStream) -> TokenStream {
    expand::topics(input.into()).into()
}

/// Makes a pipeline of a function: its body names streams with `let`, and its methods are operators.
///
/// ```text
/// #[pipeline]
/// pub fn per_minute(limit: u64) {
///     let payments = source(Payments).lateness(10s).late_drop();
///     let per_minute = payments
///         .filter(|p| p.amount > limit)
///         .group_by(|p| p.card)
///         .window(tumbling(1m))
///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.amount), n: count() });
///     per_minute.sink(CardMinutes);
/// }
/// ```
///
/// The macro adds what plain Rust would need: durations such as `10s`, clones of the parameters that a closure uses and
/// of the fields it gives back, and aggregates as the fields of a `.select(..)`. Everything else is plain Rust, and rustc
/// checks it. Calling the function gives the pipeline: `per_minute(500).main()` runs it, `per_minute(500).test()` is its
/// driver for unit tests.
#[proc_macro_attribute]
pub fn pipeline(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::pipeline(arguments.into(), item.into()).into()
}

/// Makes a struct a record: a type of rows. Newtypes and enums become types of a record's fields.
///
/// ```text
/// #[derive(Clone, Record)]
/// #[record(retired(4))]
/// struct Payment {
///     card: CardId,
///     #[field(3)]
///     amount: i64,
///     #[field(5, default = Level::Low)]
///     level: Level,
///     note: Option<String>,
/// }
/// ```
///
/// It implements the versioned row layout, serde's `Serialize` and `Deserialize`, and the `Value` that aggregates take. A field's id is its place among the
/// declarations, counted from 1, unless `#[field(n)]` says otherwise; an enum's variants have theirs by `#[variant(n)]`.
/// - `#[field(default)]` and `#[field(default = expression)]` stand in for the field in rows written without it; an
///   `Option` is then `None` anyway.
/// - `#[record(retired(4, 5))]` on the type: ids of dropped fields, which none may take again.
/// - `#[serde(rename = "..")]` at a field or variant, and `#[serde(rename_all = "..")]` on a type or variant, give names in JSON.
/// - `#[record(serde = manual)]` on the type: `Serialize` and `Deserialize` are implemented by hand.
#[proc_macro_derive(Record, attributes(record, field, variant, serde, key, time, default))]
pub fn derive_record(input: TokenStream) -> TokenStream {
    record::of_tokens(input.into()).into()
}

/// Makes a newtype, an enum or a struct of keys a key, to group rows and to key topics by.
///
/// A newtype has the encoding of what it wraps, a struct that of a tuple of its fields, an enum two bytes of the
/// variant's id (its place, counted from 1, or `#[variant(n)]`), and then what the variant carries as a tuple.
///
/// ```text
/// #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
/// struct CardId(u64);
/// ```
#[proc_macro_derive(Key, attributes(variant))]
pub fn derive_key(input: TokenStream) -> TokenStream {
    key::expand(&syn::parse_macro_input!(input as syn::DeriveInput)).into()
}
