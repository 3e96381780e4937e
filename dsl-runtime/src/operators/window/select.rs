//! `select` behind a window: the row that each window makes when it closes.

use std::marker::PhantomData;
use std::rc::Rc;

use super::panes::WindowSpec;
use super::{Halves, Runs, Window, Windows};
use crate::aggregates::{Aggregates, Sample};
use crate::flow::KeyOf;
use crate::handles::{EventTime, NodeId, Stream, Windowed};
use crate::key::Key;
use crate::not_there::nowhere;
use crate::operators::InsidePipeline;
use crate::operators::group_by::key_facts;
use crate::plan::{AGGREGATES, KeyedNode, Lowering, Node, registry};

impl<K: Key, T: Clone + Send + 'static, W: Windows, E: EventTime> Windowed<K, T, W, E> {
    /// Makes one row of each window, when it closes:
    /// `|w, p| Row { key: w.key(), start: w.start(), total: sum(p.amount), n: count() }`.
    ///
    /// `w` is the [`Window`], with its `key()`, `start()` and `end()`. The row `p` is there only for
    /// [aggregates](crate::aggregates) to take their values from. `#[pipeline]` takes the closure apart: aggregates are
    /// added up as rows come, the rest is computed when the window closes. The new row's event time is the window's end
    /// - 1 ms, and it is never late itself.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn card_minutes() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let per_minute = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| CardMinute {
    ///         card: w.key(),
    ///         from: w.start(),
    ///         total: sum(p.cents) - sum_if(p.cents, p.cents < 0),
    ///         n: count_if(p.cents >= 0),
    ///     });
    ///     per_minute.sink(CardMinutes);
    /// }
    ///
    /// let mut t = card_minutes().test();
    /// t.push_all(Payments, [payment(1, 250, 5), payment(1, -100, 6), payment(2, 50, 7)]);
    /// t.close();
    /// assert_eq!(t.rows(CardMinutes), [minute(1, 0, 250, 1), minute(2, 0, 50, 1)]);
    /// ```
    ///
    /// # State
    /// For each key and open window the aggregates' states, and no rows; dropped when the window has emitted. A key that
    /// has no row in a window has no state there, and the window makes no row of it.
    ///
    /// # Errors
    /// An aggregate that cannot give a right result, such as a sum that does not fit, and a panic in the closure stop
    /// the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator, the key and the window.
    pub fn select<R>(self, row: impl Fn(Window<K>, &T) -> R) -> Stream<R, E>
    where
        Self: InsidePipeline,
    {
        let _ = row;
        nowhere()
    }

    /// Names the aggregates of each window. `#[pipeline]` makes this call, and the `.select` after it, out of the one
    /// `.select(|w, p| Row { n: count(), total: sum(p.amount) })` that a user writes.
    #[doc(hidden)]
    pub fn aggregates<A>(self, make: impl Fn(Sample<T>) -> A) -> Aggregated<K, T, A, W, E> {
        Aggregated { windowed: self, aggregates: make(Sample::new()) }
    }
}

/// A window's aggregates, before they are put into a row.
pub struct Aggregated<K, T, A, W, E> {
    windowed: Windowed<K, T, W, E>,
    aggregates: A,
}

impl<K: Key, T: Clone + Send + 'static, A, W: Windows, E: EventTime> Aggregated<K, T, A, W, E> {
    /// Makes one row of each window, when it closes:
    /// `|w, p| Row { key: w.key(), start: w.start(), total: sum(p.amount), n: count() }`.
    ///
    /// `w` is the [`Window`], with its `key()`, `start()` and `end()`. The row `p` is there only for
    /// [aggregates](crate::aggregates) to take their values from. `#[pipeline]` takes the closure apart: aggregates are
    /// added up as rows come, the rest is computed when the window closes. The new row's event time is the window's end
    /// - 1 ms, and it is never late itself.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn card_minutes() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let per_minute = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| CardMinute {
    ///         card: w.key(),
    ///         from: w.start(),
    ///         total: sum(p.cents) - sum_if(p.cents, p.cents < 0),
    ///         n: count_if(p.cents >= 0),
    ///     });
    ///     per_minute.sink(CardMinutes);
    /// }
    ///
    /// let mut t = card_minutes().test();
    /// t.push_all(Payments, [payment(1, 250, 5), payment(1, -100, 6), payment(2, 50, 7)]);
    /// t.close();
    /// assert_eq!(t.rows(CardMinutes), [minute(1, 0, 250, 1), minute(2, 0, 50, 1)]);
    /// ```
    ///
    /// # State
    /// For each key and open window the aggregates' states, and no rows; dropped when the window has emitted. A key that
    /// has no row in a window has no state there, and the window makes no row of it.
    ///
    /// # Errors
    /// An aggregate that cannot give a right result, such as a sum that does not fit, and a panic in the closure stop
    /// the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator, the key and the window.
    pub fn select<R: Clone + Send + 'static>(
        self,
        row: impl Fn(Window<K>, A::Output) -> R + 'static,
    ) -> Stream<R, E>
    where
        A: Aggregates<T>,
    {
        let spec = WindowSpec {
            windows: self.windowed.windows(),
            aggregates: Rc::new(self.aggregates),
            row: Rc::new(row),
            marker: PhantomData,
        };
        Stream::at(register(self.windowed.group(), spec))
    }
}

fn register<K, T, A, R, G, W>(group: NodeId, spec: WindowSpec<K, T, A, G, W>) -> NodeId
where
    K: Key,
    T: Clone + Send + 'static,
    A: Aggregates<T>,
    R: Clone + Send + 'static,
    G: Fn(Window<K>, A::Output) -> R + 'static,
    W: Windows,
{
    let (key, key_text): (KeyOf<T, K>, _) = registry::key_of(group);
    let windows = spec.windows;
    let names = spec.aggregates.names();
    let settings_refused = spec.aggregates.refused();
    let mut facts = vec![("window", windows.text())];
    facts.extend(aggregate_facts(&names));
    facts.extend(key_facts::<K>(key_text.as_ref()));
    let Halves { entries, before, router, owner } = W::By::halves::<K, T, A, R, G>(key, spec);
    let mut lines =
        vec![before.to_owned(), "exchange: by key group (256 of them, spread over the workers)".to_owned()];
    lines.extend(facts.iter().map(|(name, value)| format!("{name}: {value}")));
    let keyed = KeyedNode { entries, routers: vec![router], owner, side_ports: &[] };
    let keeps = format!("{} {}", names.join(", "), windows.kept());
    let node = Node::new("window", vec![group], Lowering::Keyed(keyed));
    let refused = windows.refused().map(|reason| format!("window `{}` {reason}", node.name));
    let refused =
        refused.or_else(|| settings_refused.map(|reason| format!("window `{}`: {reason}", node.name)));
    let keeps_positions = windows.keeps_positions();
    registry::add(Node { lines, facts, keeps, refused, keeps_positions, ..node })
}

/// The aggregates as the user wrote them, and the types of those of the user's own, which the text may not name; the
/// names alone where no text is known.
pub(in crate::operators) fn aggregate_facts(names: &[String]) -> Vec<(&'static str, String)> {
    let Some(written) = registry::take_text(AGGREGATES) else {
        return vec![(AGGREGATES, names.join(", "))];
    };
    let text = written.text;
    let unnamed: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| !text.contains(&format!("{name}("))).collect();
    let mut facts = written.facts(AGGREGATES, "aggregate constants");
    if !unnamed.is_empty() {
        facts.push(("aggregate types", unnamed.join(", ")));
    }
    facts
}
