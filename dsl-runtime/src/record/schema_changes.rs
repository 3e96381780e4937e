//! What is different between two schemas of one row type, for people.

use super::owned_schema::{OwnedField, OwnedKind, OwnedSchema, OwnedVariant};

impl OwnedSchema {
    /// What has changed since the type was `then`, a clause each: fields added, gone, renamed, or of another type or id, at any
    /// depth. Empty if rows of both are the same bytes.
    pub(crate) fn changes_since(&self, then: &OwnedSchema) -> Vec<String> {
        let mut changes = Vec::new();
        compare_fields(&self.name, &then.fields, &self.fields, &mut changes);
        changes
    }
}

fn compare_fields(record: &str, then: &[OwnedField], now: &[OwnedField], changes: &mut Vec<String>) {
    let named = |fields: &[OwnedField], name: &str| fields.iter().any(|field| field.name == name);
    for field in now {
        let OwnedField { name, id, kind, .. } = field;
        // A name is what people know a field by; an id tells of the same field only if its name is gone.
        let same_id = |before: &&OwnedField| before.id == *id && !named(now, &before.name);
        let before = then.iter().find(|before| before.name == *name).or_else(|| then.iter().find(same_id));
        let Some(before) = before else {
            changes.push(format!("field `{name}` (id {id}) of `{record}` is new"));
            continue;
        };
        if before.name != *name {
            changes.push(format!("field `{name}` (id {id}) of `{record}` was called `{}`", before.name));
        }
        if before.id != *id {
            changes.push(format!("field `{name}` of `{record}` had id {}, and has id {id}", before.id));
        }
        compare_kinds(&format!("field `{name}` of `{record}`"), &before.kind, kind, changes);
    }
    let is_renamed =
        |before: &OwnedField| now.iter().any(|field| field.id == before.id && !named(then, &field.name));
    for before in then.iter().filter(|before| !named(now, &before.name) && !is_renamed(before)) {
        changes.push(format!("field `{}` (id {}) of `{record}` is gone", before.name, before.id));
    }
}

fn compare_kinds(place: &str, then: &OwnedKind, now: &OwnedKind, changes: &mut Vec<String>) {
    match (then, now) {
        (OwnedKind::Option(then), OwnedKind::Option(now)) | (OwnedKind::List(then), OwnedKind::List(now)) => {
            compare_kinds(place, then, now, changes);
        }
        (OwnedKind::Array(then, before), OwnedKind::Array(now, length)) if before == length => {
            compare_kinds(place, then, now, changes);
        }
        (OwnedKind::Map(then, of), OwnedKind::Map(now, to)) => {
            compare_kinds(&format!("the key of {place}"), then, now, changes);
            compare_kinds(&format!("the value of {place}"), of, to, changes);
        }
        (OwnedKind::Tuple(then), OwnedKind::Tuple(now)) if then.len() == now.len() => {
            for (at, (then, now)) in then.iter().zip(now).enumerate() {
                compare_kinds(&format!("part {at} of {place}"), then, now, changes);
            }
        }
        (OwnedKind::Record { fields: then, .. }, OwnedKind::Record { name, fields: now }) => {
            compare_fields(name, then, now, changes);
        }
        (OwnedKind::Enum { variants: then, .. }, OwnedKind::Enum { name, variants: now }) => {
            compare_variants(name, then, now, changes);
        }
        _ if then != now => changes.push(format!("{place} was `{then}`, and is `{now}`")),
        _ => {}
    }
}

fn compare_variants(
    enumeration: &str,
    then: &[OwnedVariant],
    now: &[OwnedVariant],
    changes: &mut Vec<String>,
) {
    for variant in now {
        let OwnedVariant { name, id, .. } = variant;
        let Some(before) = then.iter().find(|before| before.id == *id) else {
            changes.push(format!("variant `{name}` (id {id}) of `{enumeration}` is new"));
            continue;
        };
        if before.name != *name {
            changes
                .push(format!("variant `{name}` (id {id}) of `{enumeration}` was called `{}`", before.name));
        }
        compare_fields(&format!("{enumeration}::{name}"), &before.fields, &variant.fields, changes);
    }
    for before in then.iter().filter(|before| now.iter().all(|variant| variant.id != before.id)) {
        changes.push(format!("variant `{}` (id {}) of `{enumeration}` is gone", before.name, before.id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;

    mod then {
        use dsl_macros::Record;

        #[derive(Clone, Record)]
        pub(super) struct Order {
            pub(super) id: u64,
            pub(super) buyer: String,
            pub(super) cents: i64,
            pub(super) state: Option<State>,
            pub(super) lines: Vec<Line>,
        }

        #[derive(Clone, Record)]
        pub(super) enum State {
            Open,
            Paid { by: String },
            Gone,
        }

        #[derive(Clone, Record)]
        pub(super) struct Line {
            pub(super) item: String,
            pub(super) count: u32,
        }
    }

    mod now {
        use dsl_macros::Record;

        #[derive(Clone, Record)]
        pub(super) struct Order {
            pub(super) id: u64,
            #[field(2)]
            pub(super) customer: String,
            #[field(3)]
            pub(super) cents: f64,
            #[field(4)]
            pub(super) state: Option<State>,
            #[field(6, default)]
            pub(super) lines: Vec<Line>,
            #[field(7)]
            pub(super) note: Option<String>,
        }

        #[derive(Clone, Record)]
        pub(super) enum State {
            Open,
            #[variant(2)]
            Settled {
                by: String,
            },
            Sent,
        }

        #[derive(Clone, Record)]
        pub(super) struct Line {
            pub(super) item: String,
            #[field(3, default)]
            pub(super) price: i64,
        }
    }

    #[test]
    fn each_change_is_told_at_its_field() {
        let (then, now) = (OwnedSchema::from(then::Order::SCHEMA), OwnedSchema::from(now::Order::SCHEMA));
        let expected = [
            "field `customer` (id 2) of `Order` was called `buyer`",
            "field `cents` of `Order` was `i64`, and is `f64`",
            "variant `Settled` (id 2) of `State` was called `Paid`",
            "variant `Sent` (id 3) of `State` was called `Gone`",
            "field `lines` of `Order` had id 5, and has id 6",
            "field `price` (id 3) of `Line` is new",
            "field `count` (id 2) of `Line` is gone",
            "field `note` (id 7) of `Order` is new",
        ];
        assert_eq!(now.changes_since(&then), expected);
        assert_eq!(then.changes_since(&then), [""; 0]);
        let _ = |row: then::Order| (row.id, row.buyer, row.cents, row.state, row.lines.len());
        let _ = |line: then::Line| (line.item, line.count);
        let _ = |row: now::Order| (row.id, row.customer, row.cents, row.state, row.lines.len(), row.note);
        let _ = |line: now::Line| (line.item, line.price);
    }
}
