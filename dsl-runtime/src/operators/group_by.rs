//! `group_by`: names the key of what is built on it. Nothing runs for it alone.

use std::rc::Rc;

use crate::flow::KeyOf;
use crate::handles::{EventTime, NodeId, Stream};
use crate::key::KeyCode;
use crate::plan::{Lowering, Node, registry};

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// Groups the rows by a key: `|p| p.card`, or several fields as a tuple of up to eight, `|p| (p.card, p.country)`.
    /// What follows is a window.
    ///
    /// A key is an integer, `bool`, `String`, [`Timestamp`](crate::Timestamp), `Vec<u8>`, an `Option` or a tuple of
    /// these, or a type of your own with `#[derive(Key)]`; a float is none. `|_| ()` makes one group of all rows.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct CentsOfDay { large: bool, cents: i64 }
    /// # topics! {
    /// #     Totals("totals"): CentsOfDay { key: large }
    /// # }
    /// #[pipeline]
    /// fn by_size() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let totals = payments
    ///         .group_by(|p| p.cents >= 1_000)
    ///         .window(tumbling(1d))
    ///         .select(|w, p| CentsOfDay { large: w.key(), cents: sum(p.cents) });
    ///     totals.sink(Totals);
    /// }
    ///
    /// let mut t = by_size().test();
    /// t.push_all(Payments, [payment(1, 250, 0), payment(2, 1_200, 1), payment(3, 50, 2)]);
    /// t.close();
    /// let [small, large] = [(false, 300), (true, 1_200)].map(|(large, cents)| CentsOfDay { large, cents });
    /// assert_eq!(t.rows(Totals), [small, large]);
    /// ```
    ///
    /// # State
    /// None; the window keeps what is kept. Between the workers, groups are spread by the key's hash.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator
    /// and the row's topic, partition and offset; nothing is lost, and the next run meets the same row again.
    pub fn group_by<K: KeyCode>(self, key: impl Fn(&T) -> K + 'static) -> K::Grouped<T, E> {
        register(self.node(), Rc::new(key)).into()
    }
}

/// Adds the key of what is built on a stream.
pub(super) fn register<T: 'static, K: 'static>(stream: NodeId, key: KeyOf<T, K>) -> NodeId {
    let text = registry::take_text("key");
    let mut lines = vec!["the key of what is built on it".to_owned()];
    lines.extend(text.iter().map(|written| format!("key: {}", written.text)));
    let lowering = Lowering::GroupBy { key: Box::new(key), text };
    let node = Node::new("group_by", vec![stream], lowering);
    registry::add(Node { lines, passes_on: true, ..node })
}

/// The key as the user wrote it, and its type; the type alone where no text is known, as inside a function of streams.
pub(super) fn key_facts<K: KeyCode>(written: Option<&registry::Written>) -> Vec<(&'static str, String)> {
    let of_type = K::type_name();
    let Some(written) = written else { return vec![("key", of_type)] };
    let mut facts = written.facts("key", "key constants");
    facts.push(("key type", of_type));
    facts
}
