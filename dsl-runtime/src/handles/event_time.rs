//! What the type of a stream knows of event time: whether its rows have one, and what is said of late rows.

/// A marker in a stream's type that says what is known of its event time.
pub trait EventTime: Copy + 'static {
    /// The marker once a lateness is given.
    type WithLateness: EventTime;
    /// The marker once it is said what becomes of late rows.
    type WithLatePolicy: EventTime;
    /// The marker once rows are no more taken window by window.
    type Apart: EventTime;
}

/// Rows have event time, and both lateness and a late policy are known: windows can be built.
#[derive(Debug, Clone, Copy)]
pub enum Timed {}

/// Rows are those of windows, whose rows of one end leave together: all that is known of [`Timed`] rows, and
/// [`per_window`](crate::dsl::Stream::per_window) can be asked of them.
#[derive(Debug, Clone, Copy)]
pub enum OfWindows {}

/// Rows have event time; neither lateness nor late policy was given.
#[derive(Debug, Clone, Copy)]
pub enum NoLateness {}

/// Rows have event time and a lateness; nothing was said of late rows.
#[derive(Debug, Clone, Copy)]
pub enum NoLatePolicy {}

/// Rows have event time and a late policy; no lateness was given.
#[derive(Debug, Clone, Copy)]
pub enum PolicyOnly {}

/// The topic names no field as its event time.
#[derive(Debug, Clone, Copy)]
pub enum NoEventTime {}

impl EventTime for Timed {
    type WithLateness = Timed;
    type WithLatePolicy = Timed;
    type Apart = Timed;
}
impl EventTime for OfWindows {
    type WithLateness = OfWindows;
    type WithLatePolicy = OfWindows;
    type Apart = Timed;
}
impl EventTime for NoLateness {
    type WithLateness = NoLatePolicy;
    type WithLatePolicy = PolicyOnly;
    type Apart = NoLateness;
}
impl EventTime for NoLatePolicy {
    type WithLateness = NoLatePolicy;
    type WithLatePolicy = Timed;
    type Apart = NoLatePolicy;
}
impl EventTime for PolicyOnly {
    type WithLateness = Timed;
    type WithLatePolicy = PolicyOnly;
    type Apart = PolicyOnly;
}
// `.lateness(..)` on such a source is an error. What follows is checked as if the source had event time: else a window behind
// it would be a second error for the one mistake.
impl EventTime for NoEventTime {
    type WithLateness = Timed;
    type WithLatePolicy = Timed;
    type Apart = NoEventTime;
}

/// A source that can be told how late its rows may come: one of a topic with event time.
#[diagnostic::on_unimplemented(
    message = "lateness is about event time, and this source's topic has none",
    label = "this source's rows have no event time",
    note = "name the field that holds it where the topic is declared: `topics! {{ Payments(\"payments\"): Payment {{ time: at }} }}`"
)]
pub trait TakesLateness {}

#[diagnostic::do_not_recommend]
impl TakesLateness for Timed {}
#[diagnostic::do_not_recommend]
impl TakesLateness for NoLateness {}
#[diagnostic::do_not_recommend]
impl TakesLateness for NoLatePolicy {}
#[diagnostic::do_not_recommend]
impl TakesLateness for PolicyOnly {}

/// A source that can be told when its partitions are idle: one of a topic with event time.
#[diagnostic::on_unimplemented(
    message = "idle partitions are about event time, and this source's topic has none",
    label = "this source's rows have no event time",
    note = "without event time nobody waits for a partition: leave `.idle(..)` out, or name the field that holds event time where the topic is declared: `topics! {{ Payments(\"payments\"): Payment {{ time: at }} }}`"
)]
pub trait TakesIdle {}

#[diagnostic::do_not_recommend]
impl TakesIdle for Timed {}
#[diagnostic::do_not_recommend]
impl TakesIdle for NoLateness {}
#[diagnostic::do_not_recommend]
impl TakesIdle for NoLatePolicy {}
#[diagnostic::do_not_recommend]
impl TakesIdle for PolicyOnly {}

/// What windows go by.
#[doc(hidden)]
pub trait GoesBy {
    /// What must be enough for windows of event time, given what is known of that of the rows.
    type Asked<E: EventTime>: EventTime;
    /// What is known of the event time of the rows of windows, given what is known of that of the rows in them.
    type Made<E: EventTime>: EventTime;
}

/// Windows of event time, each of which ends at a time of its own.
#[derive(Debug, Clone, Copy)]
pub enum ByEventTime {}

/// Windows of event time that end together, those of all keys.
#[derive(Debug, Clone, Copy)]
pub enum ByCommonEnds {}

/// Windows of the clock's time: they ask nothing of event time.
#[derive(Debug, Clone, Copy)]
pub enum ByTheClock {}

impl GoesBy for ByEventTime {
    type Asked<E: EventTime> = E;
    type Made<E: EventTime> = Timed;
}
impl GoesBy for ByCommonEnds {
    type Asked<E: EventTime> = E;
    type Made<E: EventTime> = OfWindows;
}
impl GoesBy for ByTheClock {
    type Asked<E: EventTime> = Timed;
    type Made<E: EventTime> = E::Apart;
}

/// A source that can be told how far its rows may lie in the future: one of a topic with event time.
#[diagnostic::on_unimplemented(
    message = "how far rows may lie in the future is about event time, and this source's topic has none",
    label = "this source's rows have no event time",
    note = "leave `.ahead(..)` out, or name the field that holds event time where the topic is declared: `topics! {{ Payments(\"payments\"): Payment {{ time: at }} }}`"
)]
pub trait TakesAhead {}

#[diagnostic::do_not_recommend]
impl TakesAhead for Timed {}
#[diagnostic::do_not_recommend]
impl TakesAhead for NoLateness {}
#[diagnostic::do_not_recommend]
impl TakesAhead for NoLatePolicy {}
#[diagnostic::do_not_recommend]
impl TakesAhead for PolicyOnly {}

/// It is known what becomes of rows that lie too far in the future.
#[diagnostic::on_unimplemented(
    message = "rows that lie too far in the future are late, and this source does not say what becomes of late rows",
    label = "this source says nothing of late rows",
    note = "add `.late_drop()` to the source's settings, or `.late_to(LateRows)` with a topic for what is late; late rows are counted either way"
)]
pub trait KnowsWhatBecomesOfRowsAhead {}

#[diagnostic::do_not_recommend]
impl KnowsWhatBecomesOfRowsAhead for Timed {}
#[diagnostic::do_not_recommend]
impl KnowsWhatBecomesOfRowsAhead for PolicyOnly {}
// What has no event time is told so, and no more.
#[diagnostic::do_not_recommend]
impl KnowsWhatBecomesOfRowsAhead for NoEventTime {}

/// The stream's rows have an event time.
#[diagnostic::on_unimplemented(
    message = "windows, joins, `within` and `over` need event time, and this stream's topic has none",
    label = "this stream's rows have no event time",
    note = "name the field that holds it where the topic is declared: `topics! {{ Payments(\"payments\"): Payment {{ time: at }} }}`"
)]
pub trait HasEventTime {}

/// It is known how late the stream's rows may come.
#[diagnostic::on_unimplemented(
    message = "windows, joins, `within` and `over` need to know how late rows may come",
    label = "this stream's source has no lateness",
    note = "add `.lateness(10s)` and `.late_drop()` after `source(..)`"
)]
pub trait KnowsLateness {}

/// It is known what becomes of late rows.
#[diagnostic::on_unimplemented(
    message = "windows, joins, `within` and `over` need to know what becomes of late rows",
    label = "this stream's source says nothing of late rows",
    note = "add `.late_drop()` after `source(..)`, or `.late_to(LateRows)` with a topic for what is late; late rows are counted either way"
)]
pub trait KnowsLatePolicy {}

#[diagnostic::do_not_recommend]
impl HasEventTime for Timed {}
#[diagnostic::do_not_recommend]
impl HasEventTime for OfWindows {}
#[diagnostic::do_not_recommend]
impl HasEventTime for NoLateness {}
#[diagnostic::do_not_recommend]
impl HasEventTime for NoLatePolicy {}
#[diagnostic::do_not_recommend]
impl HasEventTime for PolicyOnly {}
// One mistake, one message: what has no event time is not also blamed for its lateness.
#[diagnostic::do_not_recommend]
impl KnowsLateness for NoEventTime {}
#[diagnostic::do_not_recommend]
impl KnowsLateness for Timed {}
#[diagnostic::do_not_recommend]
impl KnowsLateness for OfWindows {}
#[diagnostic::do_not_recommend]
impl KnowsLateness for NoLatePolicy {}
#[diagnostic::do_not_recommend]
impl KnowsLatePolicy for NoEventTime {}
#[diagnostic::do_not_recommend]
impl KnowsLatePolicy for Timed {}
#[diagnostic::do_not_recommend]
impl KnowsLatePolicy for OfWindows {}
#[diagnostic::do_not_recommend]
impl KnowsLatePolicy for NoLateness {}
#[diagnostic::do_not_recommend]
impl KnowsLatePolicy for PolicyOnly {}

/// The rows are those of windows, which end together.
#[diagnostic::on_unimplemented(
    message = "`.per_window()` takes the rows of windows that end together, and these are no such rows",
    label = "these rows are not those of windows that end together",
    note = "it stands behind the `.select(..)` of `tumbling`, `sliding` or `cumulate` windows; `.filter(..)` and `.map(..)` may stand between",
    note = "sessions and windows of a number of rows end each at its own time, and what a union or a join makes is of no window: ask it of each stream before \
            these are put together"
)]
pub trait RowsOfWindows {}

#[diagnostic::do_not_recommend]
impl RowsOfWindows for OfWindows {}

/// What is known of two streams' event time together: the union knows only what both know.
pub trait Meet<Other: EventTime>: EventTime {
    /// The marker of the union.
    type Both: EventTime;
}

impl<E: EventTime> Meet<E> for Timed {
    type Both = E::Apart;
}
impl<E: EventTime> Meet<E> for OfWindows {
    type Both = E::Apart;
}
impl<E: EventTime> Meet<E> for NoEventTime {
    type Both = NoEventTime;
}

macro_rules! meet {
    ($($left:ident + $right:ident = $both:ident;)*) => {$(
        impl Meet<$right> for $left { type Both = $both; }
    )*};
}
meet! {
    NoLateness + Timed = NoLateness;
    NoLateness + OfWindows = NoLateness;
    NoLateness + NoLateness = NoLateness;
    NoLateness + NoLatePolicy = NoLateness;
    NoLateness + PolicyOnly = NoLateness;
    NoLateness + NoEventTime = NoEventTime;
    NoLatePolicy + Timed = NoLatePolicy;
    NoLatePolicy + OfWindows = NoLatePolicy;
    NoLatePolicy + NoLateness = NoLateness;
    NoLatePolicy + NoLatePolicy = NoLatePolicy;
    NoLatePolicy + PolicyOnly = NoLateness;
    NoLatePolicy + NoEventTime = NoEventTime;
    PolicyOnly + Timed = PolicyOnly;
    PolicyOnly + OfWindows = PolicyOnly;
    PolicyOnly + NoLateness = NoLateness;
    PolicyOnly + NoLatePolicy = NoLateness;
    PolicyOnly + PolicyOnly = PolicyOnly;
    PolicyOnly + NoEventTime = NoEventTime;
}
