//! What all operators have in common that take the rows of each key in order: their node of the plan.

use super::group_by::key_facts;
use crate::flow::{InOrder, KeyOf, OrderedOwner, OwnerSetup, RowRouter, Whole};
use crate::handles::NodeId;
use crate::key::Key;
use crate::plan::{EntryWords, KeyedNode, Lowering, Node, registry};
use crate::record::{OwnedSchema, Record};

/// What is said of an operator that takes rows in order.
pub(super) struct OrderedWords {
    /// What kind of operator it is.
    pub(super) kind: &'static str,
    /// What it keeps besides the rows that wait, in words for `explain`.
    pub(super) keeps: String,
    /// The same in words for people who look at a run.
    pub(super) entries: EntryWords,
    /// What of it must stay the same for its state to fit, besides the key and the type of the rows.
    pub(super) facts: Vec<(&'static str, String)>,
    /// Why it cannot run, if it cannot; said of the operator by name.
    pub(super) refused: Option<String>,
}

/// Adds an operator that takes the rows of each key of a grouping in order.
pub(super) fn register<K, T, O>(
    group: NodeId,
    words: OrderedWords,
    operator: impl Fn(OwnerSetup) -> O + 'static,
) -> NodeId
where
    K: Key,
    T: Record,
    O: InOrder<K, T> + 'static,
{
    let OrderedWords { kind, keeps, entries, mut facts, refused } = words;
    let (key, key_text): (KeyOf<T, K>, _) = registry::key_of(group);
    facts.extend(key_facts::<K>(key_text.as_ref()));
    let mut lines = vec![
        "before the exchange: drops and counts late rows".to_owned(),
        "exchange: by key group (256 of them, spread over the workers)".to_owned(),
        "takes the rows of each key in order, as the watermark of every partition passes them".to_owned(),
    ];
    lines.extend(facts.iter().map(|(name, value)| format!("{name}: {value}")));
    let keyed = KeyedNode {
        entries,
        routers: vec![Box::new(move |setup| Box::new(RowRouter::in_order(key.clone(), Whole, setup)))],
        owner: Box::new(move |setup| Box::new(OrderedOwner::<K, T, O>::new(operator(setup)))),
        side_ports: &[],
    };
    let keeps = format!("the rows that the watermark has not passed, and {keeps}");
    let node = Node::new(kind, vec![group], Lowering::Keyed(keyed));
    let refused = refused.map(|reason| format!("{kind} `{}` {reason}", node.name));
    let kept_rows = vec![("kept row", OwnedSchema::from(T::SCHEMA))];
    registry::add(Node { lines, facts, keeps, refused, kept_rows, ..node })
}
