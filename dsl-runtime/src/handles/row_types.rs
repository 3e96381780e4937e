//! Which type the rows of a stream have, noted as its handle is made: for people who look at the plan. Nothing else depends on it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::NodeId;

/// The names of row types by node and port.
pub(crate) type RowTypes = BTreeMap<(u32, u16), &'static str>;

thread_local! {
    /// With the plan's number in front.
    static NOTED: RefCell<BTreeMap<(u32, u32, u16), &'static str>> = const { RefCell::new(BTreeMap::new()) };
}

/// Notes the type of what comes out of a node. The first one counts: a handle that is made again says the same.
pub(super) fn note<T>(node: NodeId) {
    let at = (node.plan, node.node, node.port);
    NOTED.with_borrow_mut(|noted| {
        noted.entry(at).or_insert_with(std::any::type_name::<T>);
    });
}

/// What was noted for the plan of that number, which is complete. What a body that panicked has left is dropped with it.
pub(crate) fn row_types_of(plan: u32) -> RowTypes {
    let noted = NOTED.with(RefCell::take);
    noted
        .into_iter()
        .filter(|(at, _)| at.0 == plan)
        .map(|((_, node, port), name)| ((node, port), name))
        .collect()
}
