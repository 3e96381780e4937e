//! Several views as of one commit.

use std::sync::MutexGuard;

use log_store::{Offset, Partition, Store};

use super::follower::Follower;
use super::{View, ViewAt};
use crate::error::{Error, Result};
use crate::handles::Topic;
use crate::key::Key;

/// Several views as of one commit, the last one: what a pipeline's epoch wrote to their topics is in all of them or in none.
///
/// ```
/// use waterwheel::prelude::*;
/// use waterwheel::views;
/// # #[derive(Debug, Clone, PartialEq, Record)]
/// # struct Balance { account: String, cents: i64 }
/// # topics! {
/// #     Balances("balances"): Balance { key: account }
/// #     Limits("limits"): Balance { key: account }
/// # }
/// # fn main() -> waterwheel::Result<()> {
/// # let dir = tempfile::tempdir().unwrap();
/// # let store = Store::open(dir.path())?;
/// let (balances, limits) = (Balances.view::<String>(&store)?, Limits.view::<String>(&store)?);
/// let (balances, limits) = views((&balances, &limits))?;
/// for (account, balance) in balances.iter() {
///     let limit = limits.get(account).map_or(0, |row| row.cents);
///     println!("{account} has {} of {limit}", balance.cents);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`View::now`]; [`Error::Usage`] if they are not of one store, or one of them is there twice.
pub fn views<V: SharesCommit>(views: V) -> Result<V::At> {
    views.at_one_commit()
}

/// Two to four views, by reference.
#[diagnostic::on_unimplemented(
    message = "`views` takes a tuple of two to four views by reference",
    label = "no views",
    note = "write `let (hours, carriers) = views((&hours, &carriers))?;`; a single one is asked by `hours.now()?`"
)]
pub trait SharesCommit {
    /// Each of them as of that commit.
    type At;
    /// Has them go on to one commit.
    #[doc(hidden)]
    fn at_one_commit(self) -> Result<Self::At>;
}

macro_rules! shares_commit {
    ($($($topic:ident $key:ident)+;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($topic: Topic, $key: Key),+> SharesCommit for ($(&View<$topic, $key>,)+) {
            type At = ($(ViewAt<$key, $topic::Row>,)+);

            #[allow(non_snake_case)]
            fn at_one_commit(self) -> Result<Self::At> {
                let ($($topic,)+) = self;
                $(let mut $topic = Asked { view: $topic, at: None };)+
                go_on_together(&mut [$(&mut $topic),+])?;
                Ok(($($topic.at(),)+))
            }
        }
    )+};
}
shares_commit! {
    A KA B KB;
    A KA B KB C KC;
    A KA B KB C KC D KD;
}

/// A view that is asked together with others, and what came of it.
struct Asked<'v, P: Topic, K: Key> {
    view: &'v View<P, K>,
    at: Option<ViewAt<K, P::Row>>,
}

impl<P: Topic, K: Key> Asked<'_, P, K> {
    fn at(self) -> ViewAt<K, P::Row> {
        self.at.expect("all views have gone on together, or the call has failed")
    }
}

/// The same, whatever its types.
trait Ask {
    /// Where it lies: views are locked in this order, so that two who ask the same ones do not wait for each other.
    fn address(&self) -> usize;
    fn store(&self) -> &Store;
    fn topic(&self) -> &str;
    fn hold(&mut self) -> Box<dyn Hold + '_>;
}

/// A view that nobody else has go on meanwhile.
trait Hold {
    fn check(&self) -> Result<()>;
    fn partitions(&self) -> Vec<Partition>;
    fn catch_up_to(&mut self, ends: &[Offset]) -> Result<()>;
    /// Keeps what it is now.
    fn keep(&mut self);
}

struct Held<'h, P: Topic, K: Key> {
    follower: MutexGuard<'h, Follower<P, K>>,
    at: &'h mut Option<ViewAt<K, P::Row>>,
}

impl<P: Topic, K: Key> Ask for Asked<'_, P, K> {
    fn address(&self) -> usize {
        std::ptr::from_ref(&*self.view.shared).addr()
    }

    fn store(&self) -> &Store {
        self.view.shared.topic.store()
    }

    fn topic(&self) -> &str {
        P::NAME
    }

    fn hold(&mut self) -> Box<dyn Hold + '_> {
        Box::new(Held { follower: self.view.follower(), at: &mut self.at })
    }
}

impl<P: Topic, K: Key> Hold for Held<'_, P, K> {
    fn check(&self) -> Result<()> {
        self.follower.check()
    }

    fn partitions(&self) -> Vec<Partition> {
        self.follower.partitions().collect()
    }

    fn catch_up_to(&mut self, ends: &[Offset]) -> Result<()> {
        self.follower.catch_up_to(ends)
    }

    fn keep(&mut self) {
        *self.at = Some(self.follower.now());
    }
}

fn go_on_together(views: &mut [&mut dyn Ask]) -> Result<()> {
    views.sort_by_key(|view| view.address());
    let store = views[0].store().clone();
    for pair in views.windows(2) {
        let (one, other) = (&pair[0], &pair[1]);
        if one.address() == other.address() {
            return Err(Error::Usage(format!(
                "the view of topic `{}` is among the views twice: name it once, its state as of a commit can be cloned",
                one.topic()
            )));
        }
        if !one.store().is_same(other.store()) {
            let (one, other) = (one.topic(), other.topic());
            return Err(Error::Usage(format!(
                "the views of topics `{one}` and `{other}` are of two stores, which have no commit in common: ask each by itself, `.now()`"
            )));
        }
    }
    let mut held: Vec<Box<dyn Hold + '_>> = views.iter_mut().map(|view| view.hold()).collect();
    held.iter().try_for_each(|view| view.check())?;
    let partitions: Vec<Vec<Partition>> = held.iter().map(|view| view.partitions()).collect();
    // With all of them held: none can be ahead of this commit.
    let readable = store.snapshot(partitions.iter().flatten());
    let mut ends = readable.into_iter().map(|readable| readable.end);
    for (view, partitions) in held.iter_mut().zip(&partitions) {
        let ends: Vec<Offset> = ends.by_ref().take(partitions.len()).collect();
        view.catch_up_to(&ends)?;
    }
    held.iter_mut().for_each(|view| view.keep());
    Ok(())
}
