//! Which rows of a join's sides meet.
//!
//! ```text
//! between(-1h..=4h)     right rows that a left row meets    9:00 ├────────────●──────────────────────────────┤ 14:00
//!                                                                          10:00
//! ```
//!
//! # Contract
//! - The rule for a pair of `between`, said with the left row's time, the right row's, and of each the watermark of its own partition before it:
//!   the right row's time less the left row's is in `lo..=hi`; right time - `lo` > left watermark; left time + `hi` > right watermark.
//! - So each side has a reach, of times of the other side less its own: `lo..=hi` of the left one, `-hi..=-lo` of the right one. The
//!   rule is the same for both: the other row's time lies in the reach, and behind the watermark and the reach's beginning.
//! - A row that no row of the other side can meet under its own watermark is late.
//! - A row is dropped when the other side's watermark has come to its time and the reach's end: no row that is yet to come meets it. A row that
//!   has met none by then has none to meet.
//! - Of `window`: the reach of a row is the window that it lies in. It is late once the watermark of its own partition before it had come to the window's
//!   last instant, as for a window of one stream; two rows of a window meet unless one of them is late; and it is kept until the other side's
//!   watermark comes to the window's last instant.
//!
//! All of this follows from the logs, so that it makes no difference which side is read first.

use crate::operators::window::{Panes, TakesRows, Tumbling, Windows};
use crate::time::{Duration, Timestamp};

/// Where the times of the rows of the other side lie that a row of this one meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// So far apart from its own.
    Range { from: Duration, to: Duration },
    /// In the window that it lies in.
    Window(Tumbling),
}

/// Which rows of both sides meet, and what is said of it.
pub(super) struct Meeting {
    pub(super) left: Reach,
    pub(super) right: Reach,
    /// What must stay the same for the state to fit, as name and value.
    pub(super) fact: (&'static str, String),
    /// Why no rows can meet, if none can; said of the join by name.
    pub(super) refused: Option<String>,
    /// Until when rows are kept, for `explain`.
    pub(super) keeps: String,
}

impl Meeting {
    /// Of rows whose right one's time less the left one's lies in the range.
    pub(super) fn between((lo, hi): (Duration, Duration)) -> Meeting {
        let (left, right) = (Reach::Range { from: lo, to: hi }, Reach::Range { from: -hi, to: -lo });
        let keeps = format!(
            "rows of both sides: a left one until the right side's watermark reaches its time{}, a right one until the left side's \
             reaches its time{}",
            signed(hi),
            signed(-lo)
        );
        let refused = (lo > hi).then(|| {
            format!("is between {lo} and {hi}, and the first is the later one: nothing lies between them")
        });
        Meeting { left, right, fact: ("between", format!("{lo}..={hi}")), refused, keeps }
    }

    /// Of rows of one window.
    pub(super) fn within(windows: Tumbling) -> Meeting {
        Meeting {
            left: Reach::Window(windows),
            right: Reach::Window(windows),
            fact: ("window", windows.text()),
            refused: windows.refused().map(|reason| format!("has windows, and each of them {reason}")),
            keeps: "rows of both sides, each until the other side's watermark reaches the end of its window"
                .to_owned(),
        }
    }
}

impl Reach {
    /// The instant that its own partition's watermark had come to before a row of this time, if the row is late.
    pub(super) fn late_at(self, time: Timestamp) -> Timestamp {
        match self {
            Reach::Range { from, to } => time + (to - from),
            Reach::Window(_) => self.kept_until(time),
        }
    }

    /// Until the other side's watermark comes to this instant a row of this time is kept.
    pub(super) fn kept_until(self, time: Timestamp) -> Timestamp {
        match self {
            Reach::Range { to, .. } => time + to,
            Reach::Window(windows) => windows.last_instant(start_of(windows, time)),
        }
    }

    /// No row that is kept until this instant has an earlier time.
    pub(super) fn earliest_kept(self, until: Timestamp) -> Timestamp {
        match self {
            Reach::Range { to, .. } => until - to,
            Reach::Window(windows) => start_of(windows, until),
        }
    }

    /// The last instant that lies before all rows of the other side that this watermark lets a row meet, given that the row is not late.
    pub(super) fn before(self, watermark_before: Timestamp) -> Timestamp {
        match self {
            Reach::Range { from, .. } => watermark_before + from,
            Reach::Window(_) => Timestamp::MIN,
        }
    }

    /// The times of the rows that a row of this time meets, both ends included.
    pub(super) fn times(self, time: Timestamp) -> (Timestamp, Timestamp) {
        match self {
            Reach::Range { from, to } => (time + from, time + to),
            Reach::Window(windows) => (start_of(windows, time), self.kept_until(time)),
        }
    }
}

/// The first instant of the window that a time lies in.
pub(super) fn start_of(windows: Tumbling, time: Timestamp) -> Timestamp {
    // No watermark has come to the end of any window.
    windows.pane_of(time, Timestamp::MIN).unwrap_or(time)
}

/// A length of time as what is added to another: ` + 4h`, ` - 2h`, or nothing.
fn signed(length: Duration) -> String {
    match length.millis() {
        0 => String::new(),
        1.. => format!(" + {length}"),
        _ => format!(" - {}", -length),
    }
}
