//! The registry that a pipeline's body writes its nodes into: one per thread, open while the body runs.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Plan;
use super::node::{KeyedNode, Lowering, Node, NodeId, OnUndecodablePolicy, SinkNode, SourceNode, TopicFacts};
use crate::dsl::{Aggregates, Topic, Window};
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
    nodes: Vec<Node>,
}

/// Runs a pipeline's body and gives the plan it registered.
pub(crate) fn plan_of(pipeline: &str, body: impl FnOnce()) -> Result<Plan, Error> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let registry =
        Registry { number: NUMBER.fetch_add(1, Ordering::Relaxed), statement: "", nodes: Vec::new() };
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
    with(|registry| registry.statement = name);
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
    add_here("group_by", vec![input], Lowering::GroupBy(Box::new(key)))
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
    let aggregates = spec.aggregates.names().join(", ");
    let for_op = spec.clone();
    let keyed = KeyedNode {
        sender: Box::new(move |workers| {
            Box::new(WindowSender::new(key.clone(), &spec, workers)) as Box<dyn Sender>
        }),
        op: Box::new(move |number| Box::new(WindowOp::new(for_op.clone(), number)) as Box<dyn Op>),
    };
    let node = add_here("window", vec![group], Lowering::Keyed(keyed));
    edit(node, |node| {
        node.facts = vec![
            ("window", format!("tumbling({size})")),
            ("aggregates", aggregates.clone()),
            ("key", std::any::type_name::<K>().to_owned()),
        ];
        node.keeps = format!("{aggregates} for each key and open window, until the window has emitted");
        if size < Duration::from_millis(1) {
            node.refused = Some(format!("window `{}` must be at least 1 ms long, and is {size}", node.name));
        }
    });
    node
}

pub(crate) fn sink<P: Topic>(input: NodeId) {
    let sink = SinkNode {
        topic: topic_facts::<P>(),
        encoder: |schemas, partitions| {
            let codec = RowCodec::<P::Row>::new(P::FORMAT, &mut schemas.clone())
                .map_err(|source| Error::Schema { topic: P::NAME.to_owned(), source })?;
            Ok(Box::new(TopicSink::<P>::new(codec, partitions)))
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
