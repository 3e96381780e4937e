//! `per_window`: of the rows of each window the first ones, or the best.
//!
//! ```text
//! rows of windows   zone a, 10:00  7   zone b, 10:00  9   zone c, 10:00  9   │  zone a, 10:01  3   ..
//! .max_by(n)                           9                  9                  │  ..
//! .top(2, desc(n))                  1: 9               2: 9                  │  ..
//! ```
//!
//! # Contract
//! - The rows taken together are those of one event time: of the windows of one end. That they are all of the windows of that end, and come in
//!   one epoch, is said by the type of their stream ([`OfWindows`](crate::handles::OfWindows)).
//! - A row that stays keeps its event time and place, and leaves in the epoch in which it came. The output's watermark is the operator's own, and is held back
//!   by nothing. No row is late.
//! - Nothing is kept from one epoch to the next. In an epoch what may still stay of each window is kept: the best rows, or twice as many as
//!   are wanted.

mod contest;
mod order;
mod signposts;

use std::cmp::Ordering;
use std::rc::Rc;

use super::group_by;
use crate::aggregates::{Input, Order, Value};
use crate::flow::KeyOf;
use crate::handles::{
    EventTime, GroupedBy, NodeId, OfWindows, PerKey, PerWindow, Ranked, RowsOfWindows, Stream, WholeWindow,
};
use crate::key::{Key, KeyCode};
use crate::plan::{EntryWords, KeyedNode, Lowering, Node, Reads, registry};

#[doc(hidden)]
pub use contest::First;
use contest::{Best, Pick, PickOwner, PickRouter};
pub use order::{Asc, Desc, Ranks, asc, desc};
pub use signposts::{IsPerWindow, PerWindowWithRows, RankedWithRows, StreamOfWindows};

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// Takes the rows of each window together: what follows is which of them stay, the first by an order
    /// ([`top`](PerWindow::top)), or the greatest or least ([`max_by`](PerWindow::max_by), [`min_by`](PerWindow::min_by)). With a
    /// [`group_by`](PerWindow::group_by) between, that is asked of each group of them.
    ///
    /// It stands behind the `.select(..)` of `tumbling`, `sliding` and `cumulate` windows, whose windows of all keys end together; a `filter` and a `map` may
    /// stand between. Sessions and count windows end each at its own time.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn busiest() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let per_minute = payments
    ///         .group_by(|p| p.card)
    ///         .window(tumbling(1m))
    ///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
    ///     let busiest = per_minute.per_window().max_by(|m| m.total);
    ///     busiest.sink(CardMinutes);
    /// }
    ///
    /// let mut t = busiest().test();
    /// t.push_all(Payments, [payment(1, 250, 5), payment(2, 100, 6), payment(3, 250, 7), payment(2, 1, 65)]);
    /// t.close();
    /// assert_eq!(t.rows(CardMinutes), [minute(1, 0, 250, 1), minute(3, 0, 250, 1), minute(2, 60, 1, 1)]);
    /// ```
    ///
    /// # State
    /// None: all rows of windows of one end come together.
    pub fn per_window(self) -> PerWindow<WholeWindow, T>
    where
        E: RowsOfWindows,
    {
        PerWindow::at(self.node())
    }
}

impl<T: Clone + Send + 'static> PerWindow<WholeWindow, T> {
    /// Groups the rows of each window once more: what stands behind it picks rows of each group in each window. A key is as in
    /// [`Stream::group_by`].
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Ride { zone: u64, driver: u64, at: Timestamp }
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Rides { zone: u64, driver: u64, n: u64 }
    /// # topics! {
    /// #     AllRides("rides"): Ride { key: driver, time: at }
    /// #     Busiest("busiest"): Rides { key: zone }
    /// # }
    /// #[pipeline]
    /// fn busiest_of_each_zone() {
    ///     let rides = source(AllRides).lateness(10s).late_drop();
    ///     let counted = rides
    ///         .group_by(|r| (r.zone, r.driver))
    ///         .window(tumbling(1h))
    ///         .select(|w, r| Rides { zone: w.key().0, driver: w.key().1, n: count() });
    ///     let busiest = counted.per_window().group_by(|r| r.zone).max_by(|r| r.n);
    ///     busiest.sink(Busiest);
    /// }
    ///
    /// let mut t = busiest_of_each_zone().test();
    /// for (zone, driver) in [(1, 7), (1, 7), (1, 8), (2, 8)] {
    ///     t.push(AllRides, Ride { zone, driver, at: Timestamp::from_secs(60) });
    /// }
    /// t.close();
    /// assert_eq!(t.rows(Busiest), [Rides { zone: 1, driver: 7, n: 2 }, Rides { zone: 2, driver: 8, n: 1 }]);
    /// ```
    #[expect(
        clippy::type_complexity,
        reason = "as a projection the key ends the compiler's errors where its type is none"
    )]
    pub fn group_by<K: KeyCode>(
        self,
        key: impl Fn(&T) -> K + 'static,
    ) -> PerWindow<PerKey<<K::Grouped<T, OfWindows> as GroupedBy>::Key>, T> {
        PerWindow::at(group_by::register(self.input(), Rc::new(key)))
    }
}

impl<G: TakenTogether<T>, T: Clone + Send + 'static> PerWindow<G, T> {
    /// The rows with the greatest value of each window, all of them where several have it: `.max_by(|r| r.total)`.
    ///
    /// The value is what [`max`](crate::aggregates::max()) takes; rows whose `Option` is `None` never stay. Rows stay what they are; several
    /// values go by a tuple, `|r| (r.total, r.n)`, of which the first decides first.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn busiest() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let per_minute = payments
    ///         .group_by(|p| p.card)
    ///         .window(tumbling(1m))
    ///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
    ///     let busiest = per_minute.filter(|m| m.total > 0).per_window().max_by(|m| m.n);
    ///     busiest.sink(CardMinutes);
    /// }
    ///
    /// let mut t = busiest().test();
    /// t.push_all(Payments, [payment(1, 250, 5), payment(2, 100, 6), payment(2, 100, 7), payment(3, 0, 7)]);
    /// t.close();
    /// assert_eq!(t.rows(CardMinutes), [minute(2, 0, 200, 2)]);
    /// ```
    ///
    /// # State
    /// None.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator; nothing is lost.
    pub fn max_by<I: Input>(self, value: impl Fn(&T) -> I + 'static) -> Stream<T, OfWindows>
    where
        <I::Value as Value>::Order: Order<I::Value>,
    {
        self.best("max_by", Best::new(value, Ordering::Greater))
    }

    /// The rows with the least value of each window, all of them where several have it: `.min_by(|r| r.total)`. As
    /// [`max_by`](PerWindow::max_by) otherwise.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn quietest() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let per_minute = payments
    ///         .group_by(|p| p.card)
    ///         .window(tumbling(1m))
    ///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
    ///     let quietest = per_minute.per_window().min_by(|m| m.total);
    ///     quietest.sink(CardMinutes);
    /// }
    ///
    /// let mut t = quietest().test();
    /// t.push_all(Payments, [payment(1, 250, 5), payment(2, 100, 6)]);
    /// t.close();
    /// assert_eq!(t.rows(CardMinutes), [minute(2, 0, 100, 1)]);
    /// ```
    ///
    /// # State
    /// None.
    ///
    /// # Errors
    /// As `max_by`.
    pub fn min_by<I: Input>(self, value: impl Fn(&T) -> I + 'static) -> Stream<T, OfWindows>
    where
        <I::Value as Value>::Order: Order<I::Value>,
    {
        self.best("min_by", Best::new(value, Ordering::Less))
    }

    /// The first `count` rows of each window by an order, `.top(10, |r| desc(r.total))`; fewer where a window has fewer. What follows
    /// is `.select(|rank, r| Row { .. })`, which makes a row of each.
    ///
    /// The closure says what decides and in which direction: [`desc`](super::desc) for the greatest first, [`asc`](super::asc) for the least,
    /// several as a tuple. Rows that are alike go by their place, so each has a rank of its own: exactly `count` stay, and all that share
    /// the greatest value are had by [`max_by`](PerWindow::max_by). `count` is at least 1; 0 is refused before anything is read.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Place { from: Timestamp, rank: u64, card: u64, total: i64 }
    /// # topics! { Places("places"): Place { key: rank, time: from } }
    ///
    /// #[pipeline]
    /// fn first_two() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let per_minute = payments
    ///         .group_by(|p| p.card)
    ///         .window(tumbling(1m))
    ///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
    ///     let first_two = per_minute
    ///         .per_window()
    ///         .top(2, |m| (desc(m.total), asc(m.card)))
    ///         .select(|rank, m| Place { from: m.from, rank, card: m.card, total: m.total });
    ///     first_two.sink(Places);
    /// }
    ///
    /// let mut t = first_two().test();
    /// t.push_all(Payments, [payment(3, 250, 5), payment(2, 100, 6), payment(1, 250, 7)]);
    /// t.close();
    /// let place = |rank, card| Place { from: Timestamp::from_secs(0), rank, card, total: 250 };
    /// assert_eq!(t.rows(Places), [place(1, 1), place(2, 3)]);
    /// ```
    ///
    /// # State
    /// None.
    ///
    /// # Errors
    /// As `max_by`.
    pub fn top<O: Ranks, F: Fn(&T) -> O + 'static>(self, count: u64, order: F) -> Ranked<G, T, First<F, O>> {
        Ranked::of(self, First::new(count, order))
    }

    fn best<P: Pick<T>>(self, kind: &'static str, pick: P) -> Stream<T, OfWindows> {
        let node = register::<G, T, _, _, _>(kind, self.input(), pick, |_, row: &T| row.clone());
        registry::edit(node, |node| node.passes_on = true);
        Stream::at(node)
    }
}

// What ranks rows is known from `top` on: where that is refused, this is not refused as well.
impl<G, T, O, F> Ranked<G, T, First<F, O>>
where
    G: TakenTogether<T>,
    T: Clone + Send + 'static,
    O: Send + 'static,
    F: Fn(&T) -> O + 'static,
{
    /// Makes a row of each of the first rows, given its rank, which begins with 1: `|rank, r| Place { rank, name: r.name }`. The new
    /// row has the event time of the one that it is made of, and is never late itself.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator, the key and the
    /// window's end; nothing is lost.
    pub fn select<R: Clone + Send + 'static>(
        self,
        row: impl Fn(u64, &T) -> R + 'static,
    ) -> Stream<R, OfWindows> {
        let (rows, first) = self.parts();
        let count = first.count;
        let node = register::<G, T, _, _, _>("top", rows.input(), first, row);
        registry::edit(node, |node| {
            node.lines.push(format!("the first {count} of each window"));
            if count == 0 {
                node.refused = Some(format!("top `{}` is of 0 rows: take 1 or more", node.name));
            }
        });
        Stream::at(node)
    }
}

/// What of the rows of a window is taken together.
pub trait TakenTogether<T>: 'static {
    /// The key that these rows have in common.
    #[doc(hidden)]
    type Key: Key;
    /// The key of a row, given the node that the handle names.
    #[doc(hidden)]
    fn key_of(input: NodeId) -> SharedKey<T, Self::Key>;
}

/// The key of a row.
#[doc(hidden)]
pub struct SharedKey<T, K>(KeyOf<T, K>);

#[diagnostic::do_not_recommend]
impl<T: 'static> TakenTogether<T> for WholeWindow {
    type Key = ();
    fn key_of(_: NodeId) -> SharedKey<T, ()> {
        SharedKey(Rc::new(|_| ()))
    }
}

#[diagnostic::do_not_recommend]
impl<T: 'static, K: Key> TakenTogether<T> for PerKey<K> {
    type Key = K;
    fn key_of(input: NodeId) -> SharedKey<T, K> {
        SharedKey(registry::key_of(input).0)
    }
}

fn register<G, T, P, R, M>(kind: &'static str, input: NodeId, pick: P, make: M) -> NodeId
where
    G: TakenTogether<T>,
    T: Clone + Send + 'static,
    P: Pick<T>,
    R: Clone + Send + 'static,
    M: Fn(u64, &T) -> R + 'static,
{
    let SharedKey(key) = G::key_of(input);
    let (pick, make) = (Rc::new(pick), Rc::new(make));
    let written = registry::take_text(kind);
    let mut lines = vec![
        "before the exchange: picks among the rows of each worker".to_owned(),
        "exchange: by key group (256 of them, spread over the workers)".to_owned(),
        "takes the rows of windows of one end together: they come in one epoch".to_owned(),
    ];
    lines.extend(written.map(|written| format!("by: {}", written.text)));
    let router_pick = pick.clone();
    let keyed = KeyedNode {
        entries: EntryWords {
            one: "row of `per_window`",
            many: "rows of `per_window`",
            emits: "rows of `per_window` leave with the window that they are of",
        },
        routers: vec![Box::new(move |setup| {
            Box::new(PickRouter::<G::Key, T, P>::new(key.clone(), router_pick.clone(), setup))
        })],
        owner: Box::new(move |_| Box::new(PickOwner::<G::Key, T, P, M, R>::new(pick.clone(), make.clone()))),
        side_ports: &[],
    };
    let reads = Reads::Whole(None);
    let node = Node::new(kind, vec![input], Lowering::Keyed(keyed));
    registry::add(Node { lines, reads, keeps_positions: true, ..node })
}
