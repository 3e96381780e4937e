//! Progress bars on stderr, shown only if that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A progress bar. It goes away when it is dropped.
pub struct Meter {
    bar: ProgressBar,
}

impl Meter {
    pub(super) fn new(what: &str, total: u64) -> Meter {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg} {wide_bar} {percent:>3} %");
        bar.set_style(style.expect("the template is a constant"));
        bar.set_message(what.to_owned());
        Meter { bar }
    }

    /// A line for what has no end in sight: it shows what [`Meter::say`] was given last.
    pub(super) fn endless() -> Meter {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {msg}");
        bar.set_style(style.expect("the template is a constant"));
        Meter { bar }
    }

    pub(super) fn say(&self, text: String) {
        self.bar.set_message(text);
        self.bar.tick();
    }

    /// Prints a line on stderr that stays, above the bar.
    pub(super) fn tell(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }

    /// How much is done, from 0 to the total.
    pub fn advance_to(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// What the total has become.
    pub fn set_total(&self, total: u64) {
        self.bar.set_length(total);
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
