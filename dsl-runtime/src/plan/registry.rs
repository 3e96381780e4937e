//! The registry that a pipeline's body writes its nodes into: one per thread, open while the body runs.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};

use super::node::{Lowering, Node};
use super::{Plan, StatementText};
use crate::error::Error;
use crate::flow::{KeyOf, Stage};
use crate::handles::{NodeId, row_types_of};

thread_local! {
    static OPEN: RefCell<Option<Registry>> = const { RefCell::new(None) };
}

struct Registry {
    number: u32,
    statement: &'static str,
    /// The names that the statement gives the parts of a `split`; empty for those that nobody needs.
    parts: &'static [&'static str],
    /// What the user wrote in the statements that are still to come.
    texts_to_come: std::vec::IntoIter<Vec<Text>>,
    /// What the user wrote, in all statements so far.
    texts: Vec<StatementText>,
    /// Which of the statement's texts no node has taken yet.
    texts_left: Vec<usize>,
    nodes: Vec<Node>,
}

/// Runs a pipeline's body and gives the plan it registered. `texts` are what the user wrote, statement by statement.
pub(crate) fn plan_of(pipeline: &str, texts: Vec<Vec<Text>>, body: impl FnOnce()) -> Result<Plan, Error> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let registry = Registry {
        number,
        statement: "",
        parts: &[],
        texts_to_come: texts.into_iter(),
        texts: Vec::new(),
        texts_left: Vec::new(),
        nodes: Vec::new(),
    };
    let outer = OPEN.with(|open| open.borrow_mut().replace(registry));
    assert!(outer.is_none(), "a pipeline's body cannot run another pipeline's body");
    // Closes the registry also when the body panics.
    struct Close;
    impl Drop for Close {
        fn drop(&mut self) {
            OPEN.with(|open| open.borrow_mut().take());
        }
    }
    let close = Close;
    body();
    let registry = OPEN.with(|open| open.borrow_mut().take()).expect("the registry was opened above");
    drop(close);
    let mut plan = Plan {
        pipeline: pipeline.to_owned(),
        nodes: registry.nodes,
        texts: registry.texts,
        row_types: row_types_of(number),
    };
    plan.add_sinks_of_sources();
    plan.check()?;
    Ok(plan)
}

/// Begins the next statement, and names the nodes that it registers: the `let` they stand under.
pub fn statement(name: &'static str) {
    begin(name, name, &[]);
}

/// Begins a statement that names the parts of a `split`. `names` are all of them, with commas between; the nodes before the parts have
/// no name.
pub fn statement_of_parts(names: &'static str, parts: &'static [&'static str]) {
    begin("", names, parts);
}

fn begin(statement: &'static str, name: &'static str, parts: &'static [&'static str]) {
    with(|registry| {
        (registry.statement, registry.parts) = (statement, parts);
        let (from, texts) = (registry.texts.len(), registry.texts_to_come.next().unwrap_or_default());
        registry.texts.extend(texts.into_iter().map(|Text { of, text, constants }| StatementText {
            statement: name,
            of,
            text,
            constants,
        }));
        registry.texts_left = (from..registry.texts.len()).collect();
    });
}

/// What the user wrote in one place of a statement.
pub struct Text {
    of: &'static str,
    text: &'static str,
    constants: Vec<(&'static str, Option<String>)>,
}

/// What the user wrote, statement by statement: the `key` of each `group_by`, the `aggregates` of each window, in the order in
/// which their nodes are registered, and every closure under its operator. Each is what it is of, the text, and the constants
/// that it names with their values. Two keys or aggregates of one type are told apart by their texts alone.
pub fn texts(statements: &[&[Kept]]) -> Vec<Vec<Text>> {
    let text = |(of, text, constants): &Kept| Text { of, text, constants: constants.to_vec() };
    statements.iter().map(|texts| texts.iter().map(text).collect()).collect()
}

/// A [`Text`] as the macro writes it.
type Kept<'a> = (&'static str, &'static str, &'a [(&'static str, Option<String>)]);

/// Adds an operator to the plan.
pub(crate) fn add(node: Node) -> NodeId {
    with(|registry| {
        for input in &node.inputs {
            registry.node(*input);
        }
        let id = NodeId { plan: registry.number, node: registry.nodes.len() as u32, port: 0 };
        registry.nodes.push(node);
        id
    })
}

/// Adds a stateless operator under the statement at hand.
pub(crate) fn stateless(
    kind: &'static str,
    input: NodeId,
    stage: impl Fn() -> Box<dyn Stage> + 'static,
) -> NodeId {
    let lines = vec!["runs in one chain with its stateless neighbours".to_owned()];
    add(Node { lines, ..Node::new(kind, vec![input], Lowering::Stateless(Box::new(stage))) })
}

/// Changes an operator that was added.
pub(crate) fn edit(node: NodeId, change: impl FnOnce(&mut Node)) {
    with(|registry| {
        registry.node(node);
        change(&mut registry.nodes[node.index()]);
    });
}

/// Whether the rows of a record may have come apart on their way to here: an operator behind an exchange has passed them on.
pub(crate) fn are_apart(node: NodeId) -> bool {
    with(|registry| {
        let (mut left, mut apart) = (vec![node], false);
        while let Some(node) = left.pop() {
            let Node { lowering, inputs, keeps_positions, .. } = registry.node(node);
            match lowering {
                Lowering::Keyed(_) => apart |= keeps_positions,
                _ => left.extend(inputs),
            }
        }
        apart
    })
}

/// The key that a grouping names, and what the user wrote for it, where that is known.
pub(crate) fn key_of<T: 'static, K: 'static>(group: NodeId) -> (KeyOf<T, K>, Option<Written>) {
    with(|registry| match &registry.node(group).lowering {
        Lowering::GroupBy { key, text } => {
            key.downcast_ref::<KeyOf<T, K>>().map(|key| (key.clone(), text.clone()))
        }
        _ => None,
    })
    .expect("a grouped handle names a group_by of its own key and row type")
}

/// The name of the part of this number in the statement at hand, if it has one.
pub(crate) fn part(number: usize) -> Option<&'static str> {
    with(|registry| registry.parts.get(number).copied().filter(|name| !name.is_empty()))
}

/// The statement at hand: the `let` that what is added stands under.
pub(super) fn statement_at_hand() -> &'static str {
    with(|registry| registry.statement)
}

/// The next text of its kind in the statement. Each is of one node.
pub(crate) fn take_text(of: &str) -> Option<Written> {
    with(|registry| {
        let at = registry.texts_left.iter().position(|left| registry.texts[*left].of == of)?;
        let text = &registry.texts[registry.texts_left.remove(at)];
        Some(Written { text: text.text, constants: text.constants_text() })
    })
}

/// What the user wrote for a node.
#[derive(Clone)]
pub(crate) struct Written {
    pub(crate) text: &'static str,
    /// The constants in it whose values are known; empty if there are none.
    pub(crate) constants: String,
}

impl Written {
    /// What the manifest says of it, under these names: the text, and the constants if there are any.
    pub(crate) fn facts(&self, text: &'static str, constants: &'static str) -> Vec<(&'static str, String)> {
        let mut facts = vec![(text, self.text.to_owned())];
        if !self.constants.is_empty() {
            facts.push((constants, self.constants.clone()));
        }
        facts
    }
}

fn with<R>(act: impl FnOnce(&mut Registry) -> R) -> R {
    OPEN.with(|open| {
        let mut open = open.borrow_mut();
        let registry = open.as_mut().expect("operators are called in the body of a #[pipeline] function");
        act(registry)
    })
}

impl Registry {
    fn node(&self, id: NodeId) -> &Node {
        assert!(
            id.plan == self.number,
            "a stream of another pipeline was used: streams cannot leave their pipeline's body"
        );
        &self.nodes[id.index()]
    }
}
