//! A stream whose duplicates are to go: for how long a row counts stands behind it.

/// A stream, by what its rows are told apart. It has no rows before its `.within(..)`. `G` is its [`Grouped`](super::Grouped).
#[derive(Debug, Clone, Copy)]
#[must_use = "nothing is distinct until it is said for how long: `.within(1h)`"]
pub struct Distinct<G> {
    group: G,
}

impl<G> Distinct<G> {
    pub(crate) fn of(group: G) -> Self {
        Distinct { group }
    }

    pub(crate) fn group(self) -> G {
        self.group
    }
}
