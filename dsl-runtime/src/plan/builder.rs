//! The registry that a pipeline's body writes its nodes into: one per thread, open while the body runs.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Plan;
use super::node::{KeyedNode, Lowering, Node, NodeId, OnUndecodablePolicy, SinkNode, SourceNode, TopicFacts};
use crate::dsl::{Aggregates, Topic, Window, short_name};
use crate::error::Error;
use crate::key::Key;
use crate::operators::{
    KeyOf, Op, Sender, Stage, TopicReader, TopicSink, WindowOp, WindowSender, WindowSpec,
};
use crate::record::{RowCodec, TopicSchemas};
use crate::time::Duration;

thread_local! {
    static OPEN: RefCell<Option<Registry>> = const { RefCell::new(None) };
}

struct Registry {
    number: u32,
    statement: &'static str,
    /// What is left of the statement's texts, as what each is of and the text.
    texts: Vec<(&'static str, &'static str)>,
    nodes: Vec<Node>,
}

/// Runs a pipeline's body and gives the plan it registered.
pub(crate) fn plan_of(pipeline: &str, body: impl FnOnce()) -> Result<Plan, Error> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let registry = Registry { number, statement: "", texts: Vec::new(), nodes: Vec::new() };
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
    let plan = Plan { pipeline: pipeline.to_owned(), nodes: registry.nodes };
    plan.check()?;
    Ok(plan)
}

/// Names the nodes that are registered next: the `let` they stand under.
pub fn statement(name: &'static str) {
    with(|registry| {
        registry.statement = name;
        registry.texts.clear();
    });
}

/// Says what the user wrote for the statement's nodes: the `key` of each `group_by`, the `aggregates` of each window, in the
/// order in which they are registered. Two keys or aggregates of one type are told apart by that alone.
pub fn texts(texts: &[(&'static str, &'static str)]) {
    with(|registry| registry.texts = texts.to_vec());
}

pub(crate) fn source<P: Topic>() -> NodeId {
    let topic = topic_facts::<P>();
    let source = SourceNode {
        topic,
        lateness: None,
        undecodable: OnUndecodablePolicy::Fail,
        reader: |schemas, undecodable| {
            let codec = RowCodec::<P::Row>::read_only(P::FORMAT, schemas)
                .map_err(|source| Error::Schema { topic: P::NAME.to_owned(), source })?;
            Ok(Box::new(TopicReader::<P>::new(codec, undecodable)))
        },
    };
    let name = with(|registry| if registry.statement.is_empty() { P::NAME } else { registry.statement });
    add(name, "source", Vec::new(), Lowering::Source(source))
}

pub(crate) fn set_lateness(node: NodeId, lateness: Duration) {
    edit_source(node, |source| source.lateness = Some(lateness));
    if lateness < Duration::from_millis(0) {
        edit(node, |node| {
            node.refused = Some(format!("a lateness cannot be negative, and this one is {lateness}"))
        });
    }
}

pub(crate) fn set_late_drop(_node: NodeId) {
    // Dropping is the only policy so far; that it was said is kept in the stream's type.
}

pub(crate) fn set_undecodable(node: NodeId, policy: OnUndecodablePolicy) {
    edit_source(node, |source| source.undecodable = policy);
}

pub(crate) fn stateless(
    kind: &'static str,
    input: NodeId,
    stage: impl Fn() -> Box<dyn Stage> + 'static,
) -> NodeId {
    add_here(kind, vec![input], Lowering::Stateless(Box::new(stage)))
}

pub(crate) fn union(left: NodeId, right: NodeId) -> NodeId {
    add_here("union", vec![left, right], Lowering::Union)
}

pub(crate) fn group_by<T: 'static, K: 'static>(input: NodeId, key: impl Fn(&T) -> K + 'static) -> NodeId {
    let key: KeyOf<T, K> = Rc::new(key);
    let node = add_here("group_by", vec![input], Lowering::GroupBy(Box::new(key)));
    if let Some(text) = take_text("key") {
        edit(node, |node| node.facts = vec![("key", text.to_owned())]);
    }
    node
}

pub(crate) fn window<K, T, A, R, G>(group: NodeId, spec: WindowSpec<K, T, A, G>) -> NodeId
where
    K: Key,
    T: Clone + Send + 'static,
    A: Aggregates<T>,
    R: Clone + Send + 'static,
    G: Fn(Window<K>, A::Output) -> R + 'static,
{
    let key = key_of::<T, K>(group);
    let size = spec.size;
    let names = spec.aggregates.names();
    let for_op = spec.clone();
    let keyed = KeyedNode {
        sender: Box::new(move |workers| {
            Box::new(WindowSender::new(key.clone(), &spec, workers)) as Box<dyn Sender>
        }),
        op: Box::new(move |number| Box::new(WindowOp::new(for_op.clone(), number)) as Box<dyn Op>),
    };
    let node = add_here("window", vec![group], Lowering::Keyed(keyed));
    let mut facts = vec![("window", format!("tumbling({size})"))];
    facts.extend(aggregate_facts(&names));
    facts.extend(key_facts::<K>(group));
    edit(node, |node| {
        node.facts = facts;
        node.keeps =
            format!("{} for each key and open window, until the window has emitted", names.join(", "));
        if size < Duration::from_millis(1) {
            node.refused = Some(format!("window `{}` must be at least 1 ms long, and is {size}", node.name));
        }
    });
    node
}

pub(crate) fn sink<P: Topic>(input: NodeId) {
    let sink = SinkNode {
        topic: topic_facts::<P>(),
        encoder: |schemas, partitions, record_bytes_max| {
            let codec = RowCodec::<P::Row>::new(P::FORMAT, &mut schemas.clone())
                .map_err(|source| Error::Schema { topic: P::NAME.to_owned(), source })?;
            Ok(Box::new(TopicSink::<P>::new(codec, partitions, record_bytes_max)))
        },
    };
    add(P::NAME, "sink", vec![input], Lowering::Sink(sink));
}

/// What topic `P` is declared as.
pub(crate) fn topic_facts<P: Topic>() -> TopicFacts {
    let mut row = TopicSchemas::new();
    // A row type always fits a topic without schemas; what cannot be a raw row is found when its codec is made.
    let registered = row.register::<P::Row>();
    debug_assert!(registered.is_ok());
    let register = TopicSchemas::register::<P::Row>;
    TopicFacts {
        name: P::NAME,
        partitions: P::PARTITIONS,
        format: P::FORMAT,
        key: P::KEY,
        time: P::TIME,
        row,
        register,
        #[cfg(feature = "cli")]
        print: crate::typed::print_rows::<P>,
    }
}

fn key_of<T: 'static, K: 'static>(group: NodeId) -> KeyOf<T, K> {
    with(|registry| match &registry.node(group).lowering {
        Lowering::GroupBy(key) => key.downcast_ref::<KeyOf<T, K>>().cloned(),
        _ => None,
    })
    .expect("a grouped handle names a group_by of its own key and row type")
}

/// The key as the user wrote it, and its type; the type alone where no text is known, as inside a function of streams.
fn key_facts<K: Key>(group: NodeId) -> Vec<(&'static str, String)> {
    let of_type = short_name(std::any::type_name::<K>());
    let text = with(|registry| registry.node(group).facts.first().map(|(_, text)| text.clone()));
    match text {
        Some(text) => vec![("key", text), ("key type", of_type)],
        None => vec![("key", of_type)],
    }
}

/// The aggregates as the user wrote them, and the types of those of the user's own, which the text may not name; the
/// names alone where no text is known.
fn aggregate_facts(names: &[String]) -> Vec<(&'static str, String)> {
    let Some(text) = take_text("aggregates") else { return vec![("aggregates", names.join(", "))] };
    let unnamed: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| !text.contains(&format!("{name}("))).collect();
    let mut facts = vec![("aggregates", text.to_owned())];
    if !unnamed.is_empty() {
        facts.push(("aggregate types", unnamed.join(", ")));
    }
    facts
}

/// The next text of its kind in the statement. Each is of one node.
fn take_text(of: &str) -> Option<&'static str> {
    with(|registry| {
        let at = registry.texts.iter().position(|(name, _)| *name == of)?;
        Some(registry.texts.remove(at).1)
    })
}

fn add_here(kind: &'static str, inputs: Vec<NodeId>, lowering: Lowering) -> NodeId {
    let name = with(|registry| registry.statement);
    add(name, kind, inputs, lowering)
}

fn add(name: &str, kind: &'static str, inputs: Vec<NodeId>, lowering: Lowering) -> NodeId {
    with(|registry| {
        for input in &inputs {
            registry.node(*input);
        }
        let id = NodeId { plan: registry.number, node: registry.nodes.len() as u32 };
        let name = name.to_owned();
        let (facts, keeps) = (Vec::new(), String::new());
        registry.nodes.push(Node { name, kind, inputs, facts, keeps, refused: None, lowering });
        id
    })
}

fn edit(node: NodeId, change: impl FnOnce(&mut Node)) {
    with(|registry| {
        registry.node(node);
        change(&mut registry.nodes[node.index()]);
    });
}

fn edit_source(node: NodeId, change: impl FnOnce(&mut SourceNode)) {
    edit(node, |node| {
        if let Lowering::Source(source) = &mut node.lowering {
            change(source);
        }
    });
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
