//! Functions that other systems begin a stream with: each is refused with what there is.
//!
//! They are in the prelude, where a function of the user's own with the same name goes before them.

/// A topic that is read in another way: none.
#[diagnostic::on_unimplemented(
    message = "a stream is read from a topic by `source(..)`",
    label = "a topic is read by `source(..)`",
    note = "write `source(Payments)`, with the name that `topics!` declares; for windows, how late rows may come is said right behind it: `source(Payments).lateness(10s).late_drop()`",
    note = "rows of a file or a list are appended to the topic before, `TypedTopic::open(&store, Payments)?.append(&rows)?`, and in a test pushed, `t.push_all(Payments, rows)`"
)]
pub trait ReadOtherwise {
    /// The stream, which is not there.
    type Stream;
}

/// A topic that is read as a table: none.
#[diagnostic::on_unimplemented(
    message = "there are side tables, which are looked up, and streams: `side(..)` and `source(..)` read a topic",
    label = "there is no such function",
    note = "a table with an end is `side(Customers)`: `events.lookup(side(Customers)).on(|e| e.customer, |c| c.id).select(|e, c| Row {{ .. }})`; it is what the topic holds when the pipeline reads its first row",
    note = "tables that change while the pipeline runs are not there yet: rows of a stream are joined by key and time, which makes a row of each pair, `events.left_join(source(Customers).lateness(10s).late_drop()).on(|e| e.customer, |c| c.id).between(-30d..=0s)`"
)]
pub trait ReadAsTable {
    /// The table, which is not there.
    type Stream;
}

/// What a stream of an unknown function would be made of: with a type of its own, the compiler complains once.
#[derive(Debug)]
pub struct ThisWord<T>(std::marker::PhantomData<T>);

macro_rules! read_otherwise {
    (@function $bound:ident $name:ident) => {
        #[doc(hidden)]
        #[allow(missing_docs)]
        pub fn $name<P, T>(_: P) -> <ThisWord<T> as $bound>::Stream
        where
            ThisWord<T>: $bound,
        {
            $crate::not_there::nowhere()
        }
    };
    ($bound:ident: $($name:ident)*) => {
        $(read_otherwise!(@function $bound $name);)*
    };
}

read_otherwise! { ReadAsTable: table global_table ktable }
read_otherwise! { ReadOtherwise: stream consume subscribe read read_topic from_topic from read_csv read_json read_file read_parquet from_collection from_elements }
