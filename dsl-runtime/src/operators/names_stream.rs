//! What a `let` of a pipeline may name.

use crate::handles::{Distinct, Grouped, Source, Stream, Topic, Windowed};

use super::SetTooLate;

/// A stream, or a step on the way from one to the next: what a `let` of a pipeline's body names.
#[diagnostic::on_unimplemented(
    message = "a `let` of a pipeline names a stream, and this is `{Self}`",
    label = "no stream",
    note = "a value that decides about rows is a parameter of the pipeline, `fn name(limit: u64)`: it is then kept with the state, and a change of it is seen",
    note = "a value that a single closure needs stands inside of that closure",
    note = "what another pipeline makes is read from the topic that it writes, `source(Topic)`; what pipelines share is a function of streams, `.through(function)`"
)]
pub trait NamesStream: Sized {
    /// This type. As a projection it ends the compiler's errors at the `let` when it is no stream.
    type Named;
    /// The same.
    fn named(self) -> Self::Named;
}

/// What a `let` names.
#[doc(hidden)]
pub fn named<N>(value: impl NamesStream<Named = N>) -> N {
    value.named()
}

/// What a `let` may name.
macro_rules! names_stream {
    ($(<$($of:ident $(: $bound:ident)?),*> $handle:ty;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($of $(: $bound)?),*> $crate::operators::NamesStream for $handle {
            type Named = Self;
            fn named(self) -> Self {
                self
            }
        }
    )*};
}
pub(super) use names_stream;

names_stream! {
    <T, E> Stream<T, E>;
    <K, T, E> Grouped<K, T, E>;
    <K, T, W, E> Windowed<K, T, W, E>;
    <G> Distinct<G>;
    <T> SetTooLate<T>;
    <P: Topic, E, T> Source<P, E, T>;
}
