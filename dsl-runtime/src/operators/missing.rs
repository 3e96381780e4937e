//! Functions that other systems begin a stream with: each is refused with what there is.
//!
//! They are in the prelude, where a function of the user's own with the same name goes before them.

/// A topic that is read in another way: none.
#[diagnostic::on_unimplemented(
    message = "a stream is read from a topic by `source(..)`",
    label = "a topic is read by `source(..)`",
    note = "write `source(Payments)`, with the name that `topics!` declares; for windows, how late rows may come is said right behind it: `source(Payments).lateness(10s).late_drop()`"
)]
pub trait ReadOtherwise {
    /// The stream, which is not there.
    type Stream;
}

macro_rules! read_otherwise {
    ($($name:ident)*) => {$(
        #[doc(hidden)]
        #[allow(missing_docs)]
        pub fn $name<P: ReadOtherwise>(_: P) -> P::Stream {
            unreachable!("nothing meets the bound of this function")
        }
    )*};
}

read_otherwise! { stream table consume subscribe read_topic from_topic from }
