//! `window` behind a join: rows of both sides meet that lie in the same window.

use super::MakesPairs;
use super::pairs::{Alone, Pairs, there};
use super::pass::{Passes, pass};
use super::reach::{Meeting, start_of};
use super::side::SideRow;
use crate::handles::{
    Anti, FullOuter, Inner, KeyedJoin, LeftOuter, RightOuter, Semi, Stream, Timed, WindowJoin,
};
use crate::key::Key;
use crate::operators::window::{Panes, Tumbling, Window};
use crate::record::Record;

/// Windows in which rows of two streams can meet: each row lies in one of them, which its time alone says.
#[diagnostic::on_unimplemented(
    message = "rows of a join meet in windows that lie side by side, and this is `{Self}`",
    label = "a row does not lie in just one of these",
    note = "write `.window(tumbling(10s))`; rows that are about as old, wherever windows begin, meet with `.between(-10s..=10s)`"
)]
pub trait WindowsOfJoin {
    /// The windows. As a projection it ends the compiler's errors at `window` when they are of another kind.
    #[doc(hidden)]
    type Kind: Copy;
    #[doc(hidden)]
    fn tumbling(self) -> Self::Kind;
}

#[diagnostic::do_not_recommend]
impl WindowsOfJoin for Tumbling {
    type Kind = Tumbling;

    fn tumbling(self) -> Tumbling {
        self
    }
}

impl<K, L, R, J: MakesPairs> KeyedJoin<K, L, R, J> {
    /// Rows meet that lie in the same window: `.window(tumbling(10s))`, in the place of a `.between(..)`. What follows is
    /// `.select(|w, l, r| ..)`.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # topics! {
    /// #     Refunds("refunds"): Payment { key: card, time: at }
    /// # }
    /// /// What was paid and paid back in the same minute.
    /// #[pipeline]
    /// fn paid_back() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let refunds = source(Refunds).lateness(10s).late_drop();
    ///     let paid_back = payments
    ///         .join(refunds)
    ///         .on(|p| (p.card, p.cents), |r| (r.card, -r.cents))
    ///         .window(tumbling(1m))
    ///         .select(|w, p, r| CardMinute { card: p.card, from: w.start(), total: p.cents + r.cents, n: 2 });
    ///     paid_back.sink(CardMinutes);
    /// }
    ///
    /// let mut t = paid_back().test();
    /// t.push_all(Payments, [payment(1, 250, 59), payment(1, 100, 61)]);
    /// t.push_all(Refunds, [payment(1, -250, 60), payment(1, -100, 119)]);
    /// assert_eq!(t.rows(CardMinutes), [minute(1, 60, 0, 2)], "60 s is the first instant of the second minute");
    /// ```
    ///
    /// Each side is judged by its own partitions: a row is late, dropped and counted, once the watermark of its own partition before it has come to the
    /// window's last instant.
    pub fn window<W: WindowsOfJoin>(self, windows: W) -> WindowJoin<K, L, R, W::Kind, J> {
        WindowJoin::of(self, windows.tumbling())
    }
}

impl<K: Key, L: Record, R: Record> KeyedJoin<K, L, R, Semi> {
    /// The left rows that meet a right one of the same window, each once, as they are. All else is as with
    /// [`between`](KeyedJoin::between).
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # topics! {
    /// #     Refunds("refunds"): Payment { key: card, time: at }
    /// # }
    /// /// Payments by cards that got something back in the same minute.
    /// #[pipeline]
    /// fn with_refunds() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let refunds = source(Refunds).lateness(10s).late_drop();
    ///     let with_refunds = payments.semi_join(refunds).on(|p| p.card, |r| r.card).window(tumbling(1m));
    ///     with_refunds.sink(Large);
    /// }
    ///
    /// let mut t = with_refunds().test();
    /// t.push_all(Payments, [payment(1, 250, 59), payment(1, 100, 61)]);
    /// t.push_all(Refunds, [payment(1, -70, 62), payment(1, -1, 63)]);
    /// assert_eq!(t.rows(Large), [payment(1, 100, 61)]);
    /// ```
    pub fn window<W: WindowsOfJoin<Kind = Tumbling>>(self, windows: W) -> Stream<L, Timed> {
        let meeting = Meeting::within(windows.tumbling());
        Stream::at(pass::<K, L, R>("semi_join", self.groups(), meeting, Passes::Met))
    }
}

impl<K: Key, L: Record, R: Record> KeyedJoin<K, L, R, Anti> {
    /// The left rows that meet no right one of the same window, as they are: each leaves once the right side's watermark has come to the end of
    /// its window. All else is as with [`between`](KeyedJoin::between).
    pub fn window<W: WindowsOfJoin<Kind = Tumbling>>(self, windows: W) -> Stream<L, Timed> {
        let meeting = Meeting::within(windows.tumbling());
        Stream::at(pass::<K, L, R>("anti_join", self.groups(), meeting, Passes::Unmet))
    }
}

impl<K, L, R, J> WindowJoin<K, L, R, Tumbling, J> {
    /// How many rows of the other side one row may meet: 100,000 without it. As with
    /// [`at_most`](crate::dsl::IntervalJoin::at_most) behind a `between`.
    pub fn at_most(self, rows: u64) -> Self {
        self.with_at_most(rows)
    }

    fn pairs(self, kind: &'static str, alone: Alone) -> Pairs {
        let meeting = Meeting::within(self.windows());
        Pairs { kind, groups: self.groups(), meeting, at_most: self.met_max(), alone }
    }
}

impl<K: Key, L: Record, R: Record> WindowJoin<K, L, R, Tumbling, Inner> {
    /// Makes one row of each pair: `|w, p, o| Row { user: w.key(), from: w.start(), page: p.page, of: o.id }`, given the window, the left and the right
    /// row. The window has `start`, `end` and `key`, as in the `select` of a window of one stream.
    ///
    /// A pair leaves as soon as both its rows are there, not when the window closes. Its event time is the greater of theirs; for what stands
    /// behind, such as a window, it comes under the greater of the two watermarks that they came under.
    ///
    /// # State
    /// The rows of both sides, whole, each until the other side's watermark reaches the end of its window.
    ///
    /// # Errors
    /// As of the `select` behind [`between`](KeyedJoin::between).
    pub fn select<O: Clone + Send + 'static>(
        self,
        row: impl Fn(Window<K>, &L, &R) -> O + 'static,
    ) -> Stream<O, Timed> {
        let windows = self.windows();
        let pairs = self.pairs("join", Alone::default());
        Stream::at(pairs.register::<K, L, R, _, _>(move |key, left, right| {
            row(window_of(windows, key, left, right), there(left), there(right))
        }))
    }
}

impl<K: Key, L: Record, R: Record> WindowJoin<K, L, R, Tumbling, LeftOuter> {
    /// Makes one row of each pair and of each row that meets none, given the window, the left and the right row: `|w, l, r| Row { user: l.user, bought: r.item }`.
    /// The right row may be missing: it is an `Option`, and so is a field of it, as in the `select` behind a `between`.
    ///
    /// A row that has met none leaves once the other side's watermark has come to the end of its window. It keeps its event time; the watermark of
    /// what stands behind waits for it.
    ///
    /// # State
    /// The rows of both sides, whole, each until the other side's watermark reaches the end of its window, and which of them have met none.
    ///
    /// # Errors
    /// As of the `select` behind [`between`](KeyedJoin::between).
    pub fn select<O: Clone + Send + 'static>(
        self,
        row: impl Fn(Window<K>, &L, Option<&R>) -> O + 'static,
    ) -> Stream<O, Timed> {
        let windows = self.windows();
        let pairs = self.pairs("left_join", Alone { left: true, right: false });
        Stream::at(pairs.register::<K, L, R, _, _>(move |key, left, right| {
            row(window_of(windows, key, left, right), there(left), right.map(SideRow::row))
        }))
    }
}

impl<K: Key, L: Record, R: Record> WindowJoin<K, L, R, Tumbling, RightOuter> {
    /// Makes one row of each pair and of each row that meets none, given the window, the left and the right row: `|w, l, r| Row { user: r.user, seen: l.page }`.
    /// The left row may be missing: it is an `Option`, and so is a field of it, as in the `select` behind a `between`.
    ///
    /// A row that has met none leaves once the other side's watermark has come to the end of its window. It keeps its event time; the watermark of
    /// what stands behind waits for it.
    ///
    /// # State
    /// The rows of both sides, whole, each until the other side's watermark reaches the end of its window, and which of them have met none.
    ///
    /// # Errors
    /// As of the `select` behind [`between`](KeyedJoin::between).
    pub fn select<O: Clone + Send + 'static>(
        self,
        row: impl Fn(Window<K>, Option<&L>, &R) -> O + 'static,
    ) -> Stream<O, Timed> {
        let windows = self.windows();
        let pairs = self.pairs("right_join", Alone { left: false, right: true });
        Stream::at(pairs.register::<K, L, R, _, _>(move |key, left, right| {
            row(window_of(windows, key, left, right), left.map(SideRow::row), there(right))
        }))
    }
}

impl<K: Key, L: Record, R: Record> WindowJoin<K, L, R, Tumbling, FullOuter> {
    /// Makes one row of each pair and of each row that meets none, given the window, the left and the right row: `|w, l, r| Row { user: w.key(), seen: l.page, bought: r.item }`.
    /// Either row may be missing: it is an `Option`, and so is a field of it, as in the `select` behind a `between`.
    ///
    /// A row that has met none leaves once the other side's watermark has come to the end of its window. It keeps its event time; the watermark of
    /// what stands behind waits for it.
    ///
    /// # State
    /// The rows of both sides, whole, each until the other side's watermark reaches the end of its window, and which of them have met none.
    ///
    /// # Errors
    /// As of the `select` behind [`between`](KeyedJoin::between).
    pub fn select<O: Clone + Send + 'static>(
        self,
        row: impl Fn(Window<K>, Option<&L>, Option<&R>) -> O + 'static,
    ) -> Stream<O, Timed> {
        let windows = self.windows();
        let pairs = self.pairs("full_join", Alone { left: true, right: true });
        Stream::at(pairs.register::<K, L, R, _, _>(move |key, left, right| {
            row(window_of(windows, key, left, right), left.map(SideRow::row), right.map(SideRow::row))
        }))
    }
}

/// The window that a pair, or a row that meets none, lies in.
fn window_of<K: Key, L, R>(
    windows: Tumbling,
    key: &K,
    left: Option<&SideRow<L>>,
    right: Option<&SideRow<R>>,
) -> Window<K> {
    let times = left.map(|left| left.place.time).or(right.map(|right| right.place.time));
    let (start, end) = windows.bounds(start_of(windows, times.expect("what is found has a row")));
    Window { key: key.clone(), start, end }
}
