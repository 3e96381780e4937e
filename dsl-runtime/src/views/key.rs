//! The keys of views: those of their topics.

use crate::error::{Error, Result};
use crate::handles::Topic;
use crate::key::Key;
use crate::plan::TopicFacts;
use crate::record::OwnedKind;

/// Refuses a key of another type than the topic's, as far as the declaration tells the type: it does of a key that is a field, or a tuple of fields.
pub(super) fn check<P: Topic, K: Key>() -> Result<()> {
    let asked = K::written_as();
    match declared::<P>() {
        Some(declared) if declared != asked => Err(wrong::<P, K>(format!("of type `{declared}`"))),
        _ => Ok(()),
    }
}

/// The error of a key that is no `K`.
fn wrong<P: Topic, K: Key>(it_is: String) -> Error {
    Error::Usage(format!(
        "the key of topic `{}`, `{}`, is {it_is}, and the view was asked for with keys of type `{}`: give it the key's type, `.view::<..>(&store)`",
        P::NAME,
        P::KEY,
        K::type_name()
    ))
}

/// The key's type by the schema of the row, if its fields say it.
fn declared<P: Topic>() -> Option<String> {
    let facts = TopicFacts::of::<P>();
    let fields = &facts.row.schemas().first()?.fields;
    let kind = |name: &str| {
        let field = fields.iter().find(|field| field.name == name.trim().trim_start_matches("r#"))?;
        is_plain(&field.kind).then(|| field.kind.to_string())
    };
    match P::KEY.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        None => kind(P::KEY),
        Some(parts) => {
            let kinds: Vec<String> = parts.split(',').map(kind).collect::<Option<_>>()?;
            Some(format!("({})", kinds.join(", ")))
        }
    }
}

/// Whether a key of this kind is called as the kind is.
fn is_plain(kind: &OwnedKind) -> bool {
    !matches!(
        kind,
        OwnedKind::Option(_) | OwnedKind::List(_) | OwnedKind::Record { .. } | OwnedKind::Enum { .. }
    )
}

/// The key of a row.
pub(super) fn of_row<P: Topic, K: Key>(row: &P::Row, scratch: &mut Vec<u8>) -> Result<K> {
    scratch.clear();
    P::encode_key(row, scratch);
    K::decode_key(scratch).map_err(|error| wrong::<P, K>(format!("not of that type in a row ({error})")))
}
