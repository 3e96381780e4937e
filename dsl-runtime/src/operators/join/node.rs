//! What all joins of streams have in common in the plan: their node, and the half of each side before the exchange.

use std::rc::Rc;

use super::reach::{Meeting, Reach};
use crate::flow::{Encoded, KeyOf, Owner, OwnerSetup, Router, RouterSetup, RowRouter};
use crate::handles::NodeId;
use crate::key::Key;
use crate::plan::{EntryWords, KeyedNode, Lowering, Node, Reads, registry};
use crate::record::{OwnedSchema, Record};

/// What is said of a join.
pub(super) struct JoinWords {
    /// Which join it is.
    pub(super) kind: &'static str,
    /// What else is said of how it runs, a line each.
    pub(super) lines: Vec<String>,
    /// What it keeps besides the rows of both sides, for `explain`.
    pub(super) keeps: &'static str,
    /// Why it cannot run, if it cannot; said of it by name.
    pub(super) refused: Option<String>,
}

/// Adds a join of the rows of two groupings.
pub(super) fn register<K: Key, L: Record, R: Record>(
    words: JoinWords,
    (left, right): (NodeId, NodeId),
    meeting: Meeting,
    owner: impl Fn(OwnerSetup) -> Box<dyn Owner> + 'static,
) -> NodeId {
    let JoinWords { kind, lines: more_lines, keeps, refused } = words;
    let ((left_key, left_text), (right_key, right_text)) =
        (registry::key_of::<L, K>(left), registry::key_of::<R, K>(right));
    let mut facts = vec![meeting.fact, ("key type", K::type_name())];
    facts.extend(left_text.iter().flat_map(|text| text.facts("left key", "left key constants")));
    facts.extend(right_text.iter().flat_map(|text| text.facts("right key", "right key constants")));
    let mut lines = vec![
        "before the exchange: drops and counts late rows".to_owned(),
        "exchange: by key group (256 of them, spread over the workers)".to_owned(),
    ];
    lines.extend(facts.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.extend(more_lines);
    let keyed = KeyedNode {
        entries: EntryWords {
            one: "row of a join",
            many: "rows of joins",
            emits: "a row of a join stays until no row of the other side can meet it",
        },
        routers: vec![router(left_key, meeting.left), router(right_key, meeting.right)],
        owner: Box::new(owner),
        side_ports: &[],
    };
    let node = Node::new(kind, vec![left, right], Lowering::Keyed(keyed));
    let refused = meeting.refused.or(refused).map(|reason| format!("join `{}` {reason}", node.name));
    let kept_rows =
        vec![("left row", OwnedSchema::from(L::SCHEMA)), ("right row", OwnedSchema::from(R::SCHEMA))];
    let reads = Reads::Whole(Some("a join keeps its rows whole"));
    let keeps = format!("{}{keeps}", meeting.keeps);
    registry::add(Node { lines, facts, keeps, refused, kept_rows, reads, ..node })
}

fn router<K: Key, T: Record>(key: KeyOf<T, K>, reach: Reach) -> Box<dyn Fn(RouterSetup) -> Box<dyn Router>> {
    Box::new(move |setup| {
        Box::new(RowRouter::new(key.clone(), Encoded, Rc::new(move |time| reach.late_at(time)), setup))
    })
}
