//! What the macro says of the closures that an operator was given: which fields of a row they read. Said of the handle that
//! the operator has returned, so that it cannot be said of another one.

use crate::handles::{Distinct, Grouped, NodeId, PerKey, PerWindow, Stream};
use crate::plan::{Reads, registry};

impl<T, E> Stream<T, E> {
    /// The operator that makes this stream reads only these fields of the rows that it is given.
    #[doc(hidden)]
    pub fn reads(self, fields: &'static [&'static str]) -> Self {
        set(self.node(), Reads::Fields(fields));
        self
    }

    /// The operator that makes this stream may read all of a row, and why.
    #[doc(hidden)]
    pub fn reads_whole(self, why: &'static str) -> Self {
        set(self.node(), Reads::Whole(Some(why)));
        self
    }
}

impl<K, T, E> Grouped<K, T, E> {
    /// The key is made of these fields alone.
    #[doc(hidden)]
    pub fn reads(self, fields: &'static [&'static str]) -> Self {
        set(self.node(), Reads::Fields(fields));
        self
    }

    /// The key may be made of all of a row, and why.
    #[doc(hidden)]
    pub fn reads_whole(self, why: &'static str) -> Self {
        set(self.node(), Reads::Whole(Some(why)));
        self
    }
}

impl<K, T, E> Distinct<Grouped<K, T, E>> {
    /// What rows are told apart by is made of these fields alone.
    #[doc(hidden)]
    pub fn reads(self, fields: &'static [&'static str]) -> Self {
        Distinct::of(self.group().reads(fields))
    }

    /// What rows are told apart by may be made of all of a row, and why.
    #[doc(hidden)]
    pub fn reads_whole(self, why: &'static str) -> Self {
        Distinct::of(self.group().reads_whole(why))
    }
}

impl<K, T> PerWindow<PerKey<K>, T> {
    /// The key is made of these fields alone.
    #[doc(hidden)]
    pub fn reads(self, fields: &'static [&'static str]) -> Self {
        set(self.input(), Reads::Fields(fields));
        self
    }

    /// The key may be made of all of a row, and why.
    #[doc(hidden)]
    pub fn reads_whole(self, why: &'static str) -> Self {
        set(self.input(), Reads::Whole(Some(why)));
        self
    }
}

fn set(node: NodeId, reads: Reads) {
    registry::edit(node, |node| node.reads = reads);
}
