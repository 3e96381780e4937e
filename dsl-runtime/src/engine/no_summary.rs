//! The figures of a summary, asked of the run itself: it has none before it is waited for, and rustc says so at the field.

use std::ops::Deref;

use super::job::Job;

/// What stands in the place of a figure: of no use, and of a name that tells why.
#[doc(hidden)]
#[derive(Debug)]
pub struct NotWaitedFor(());

/// Declares the figures, each of which is told where it is asked for.
macro_rules! figures {
    ($($figure:ident)+) => {
        /// The fields of a summary, as a run under way has them: not at all.
        #[doc(hidden)]
        #[non_exhaustive]
        pub struct NoSummaryYet {
            $(
                #[doc(hidden)]
                #[deprecated(note = "a `Job` is a run under way, and its figures are in its summary: write `.wait()?` behind `.start(..)?`, or `.stop()?`, \
                                     which give it")]
                pub $figure: NotWaitedFor,
            )+
        }

        #[allow(deprecated, reason = "whoever asks for them is to be told, and they have to be there for that")]
        static NONE: NoSummaryYet = NoSummaryYet { $($figure: NotWaitedFor(())),+ };
    };
}

figures! {
    rows_read rows_written rows_read_in_all rows_late records_skipped entries_open epochs_replayed epochs_replayed_changed operators elapsed
    closed
}

#[doc(hidden)]
impl Deref for Job {
    type Target = NoSummaryYet;

    fn deref(&self) -> &NoSummaryYet {
        &NONE
    }
}
