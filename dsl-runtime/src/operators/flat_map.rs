//! `flat_map`: makes any number of rows of each.

use std::marker::PhantomData;
use std::rc::Rc;

use crate::flow::{Batch, Row, Stage, in_hand};
use crate::handles::{EventTime, Stream};
use crate::place::{Place, Position};
use crate::plan::registry;

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// Makes any number of rows of each row, in the order the iterator gives them. All have the row's event time, and
    /// none is late that the row was not.
    ///
    /// The iterator is used up before the next row is looked at, so it must end; and it owns what it gives.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Line { text: String }
    /// # topics! {
    /// #     Lines("lines"): Line {}
    /// #     Words("words"): Line {}
    /// # }
    /// #[pipeline]
    /// fn words() {
    ///     let words = source(Lines).flat_map(|l| {
    ///         let words: Vec<_> = l.text.split_whitespace().map(|word| Line { text: word.to_owned() }).collect();
    ///         words
    ///     });
    ///     words.sink(Words);
    /// }
    ///
    /// let line = |text: &str| Line { text: text.to_owned() };
    /// let mut t = words().test();
    /// t.push_all(Lines, [line("to be"), line(""), line("or not")]);
    /// assert_eq!(t.rows(Words), [line("to"), line("be"), line("or"), line("not")]);
    /// ```
    ///
    /// # State
    /// None. It never drops a row as late.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator
    /// and the row's topic, partition and offset; nothing is lost, and the next run meets the same row again.
    pub fn flat_map<I>(self, make: impl Fn(&T) -> I + 'static) -> Stream<I::Row, E>
    where
        I: ManyRows,
    {
        let (make, are_apart) = (Rc::new(make), registry::are_apart(self.node()));
        let stage = move || -> Box<dyn Stage> {
            Box::new(FlatMap::<T, I, _> { make: make.clone(), are_apart, marker: PhantomData })
        };
        Stream::at(registry::stateless("flat_map", self.node(), stage))
    }
}

/// What a `flat_map` makes of a row: anything to iterate over.
#[diagnostic::on_unimplemented(
    message = "the closure of `.flat_map(..)` gives any number of rows, and this is one `{Self}`",
    label = "gives `{Self}`, which is not several rows",
    note = "it gives something to iterate over, such as a `Vec` or an `Option`; one row of each row is made by `.map(|row| ..)`"
)]
pub trait ManyRows: 'static {
    /// One of them.
    type Row: Clone + Send + 'static;
    /// All of them, in their order.
    #[doc(hidden)]
    fn rows(self) -> impl Iterator<Item = Self::Row>;
}

#[diagnostic::do_not_recommend]
impl<I> ManyRows for I
where
    I: IntoIterator + 'static,
    I::Item: Clone + Send + 'static,
{
    type Row = I::Item;
    fn rows(self) -> impl Iterator<Item = I::Item> {
        self.into_iter()
    }
}

struct FlatMap<T, I, F> {
    make: Rc<F>,
    /// Rows that an earlier `flat_map` made of one record may be on several workers and in several batches.
    are_apart: bool,
    marker: PhantomData<fn(&T) -> I>,
}

impl<T, I, F> Stage for FlatMap<T, I, F>
where
    T: Clone + Send + 'static,
    I: ManyRows,
    F: Fn(&T) -> I + 'static,
{
    fn apply(&mut self, rows: Batch) -> Batch {
        let mut made = Vec::with_capacity(rows.len());
        // An earlier `flat_map` may have made several rows of one record. They have one place but for the number, and they
        // stand side by side in one batch, so counting on from one to the next gives each row a number of its own, the same
        // however records were put into batches. Of rows that windows made, no two have the same place. Where rows of a record
        // may be apart, each counts by itself, and what is made of it stands under a hash of its place.
        let mut numbered: Option<(Place, u32)> = None;
        for row in rows.rows::<T>() {
            in_hand(row.meta.position());
            let mut meta = row.meta;
            if self.are_apart && meta.place.position.sub_index > 0 {
                meta.place.position = Position::of_parents(meta.place.position.maker, &[meta.place]);
            }
            let record = Place { position: meta.position().whole(), ..meta.place };
            let mut next = numbered.filter(|(last, _)| *last == record).map_or(0, |(_, next)| next);
            for value in (self.make)(&row.value).rows() {
                meta.place.position.sub_index = next;
                next += 1;
                made.push(Row { meta, value });
            }
            numbered = Some((record, next));
        }
        Batch::of(made)
    }
}
