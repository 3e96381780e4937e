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

/// What a stream of an unknown function would be made of: with a type of its own, the compiler complains once.
#[derive(Debug)]
pub struct ThisWord<T>(std::marker::PhantomData<T>);

macro_rules! read_otherwise {
    (@function [$($where:tt)*] $name:ident) => {
        #[doc(hidden)]
        #[allow(missing_docs)]
        pub fn $name<P, T>(_: P) -> <ThisWord<T> as ReadOtherwise>::Stream
        where
            $($where)*
        {
            unreachable!("nothing meets the bound of this function")
        }
    };
    ($where:tt $($name:ident)*) => {
        $(read_otherwise!(@function $where $name);)*
    };
}

read_otherwise! { [ThisWord<T>: ReadOtherwise] stream table consume subscribe read read_topic from_topic from read_csv read_json read_file read_parquet from_collection from_elements }
