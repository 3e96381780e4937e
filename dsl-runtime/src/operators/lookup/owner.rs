//! The half of a lookup after the exchange: keeps the side table's rows of its key groups, and makes a row of each row.

use std::marker::PhantomData;
use std::mem;
use std::rc::Rc;
use std::vec;

use serde::{Deserialize, Serialize};

use crate::flow::{Batch, Blame, DUE_ROWS, KeyedRow, Now, Owner, Packet, Ports, Row, in_hand};
use crate::key::Key;
use crate::record::{EncodedRow, KeptRow, Record};
use crate::state::{ByEntry, Keeps, StateTable, Table};
use crate::time::Timestamp;

/// What runs.
///
/// # Contract
/// The coordinator binds the side table's rows in earlier epochs than the first of the stream's; within an epoch they come first here, too.
pub(super) struct LookupOwner<K: Key, T, A: Record, F> {
    table: Table<SideRows<K, A>>,
    /// Rows of the side table that have come in the epoch at hand.
    of_side: Vec<KeyedRow<K, A>>,
    /// Rows of the stream that have.
    of_stream: Vec<KeyedRow<K, T>>,
    /// What is still to be emitted.
    leaving: vec::IntoIter<KeyedRow<K, T>>,
    row: Rc<F>,
}

/// The table's rows, one of each key.
struct SideRows<K, A>(PhantomData<fn() -> (K, A)>);

/// A row of the side table, and where it stands in the topic.
#[derive(Serialize, Deserialize)]
#[serde(bound = "A: Record")]
struct SideRow<A> {
    partition: u16,
    offset: u64,
    row: KeptRow<A>,
}

impl<K: Key, A: Record> Keeps for SideRows<K, A> {
    type Key = K;
    type SubKey = ();
    type Value = SideRow<A>;
    type Index = ByEntry;

    fn due(&self, (): &(), _: &SideRow<A>) -> Option<Timestamp> {
        None
    }
}

impl<K: Key, T, A: Record, F> LookupOwner<K, T, A, F> {
    pub(super) fn new(row: Rc<F>) -> Self {
        let table = Table::new(SideRows(PhantomData));
        LookupOwner {
            table,
            of_side: Vec::new(),
            of_stream: Vec::new(),
            leaving: Vec::new().into_iter(),
            row,
        }
    }

    /// Keeps a row of the table, unless a later one of its key is there.
    fn keep(&mut self, KeyedRow { group, key, meta, value }: KeyedRow<K, A>) -> Result<(), Blame> {
        let (partition, offset) = meta.position().in_topic();
        if let Some(kept) = self.table.get(group, &key, &()) {
            if kept.partition != partition {
                return Err(in_two_partitions(&key, (kept.partition, kept.offset), (partition, offset)));
            }
            if kept.offset > offset {
                return Ok(());
            }
        }
        let mut bytes = Vec::new();
        value.encode(&mut bytes);
        let row = EncodedRow::new(&bytes).kept();
        self.table.insert(group, &key, &(), SideRow { partition, offset, row });
        Ok(())
    }
}

/// Why two rows cannot be one table's.
fn in_two_partitions(key: &impl Key, one: (u16, u64), other: (u16, u64)) -> Blame {
    let [(first, at_first), (second, at_second)] = if one < other { [one, other] } else { [other, one] };
    let message = format!(
        "its side table has rows of this key in two partitions, {first} (offset {at_first}) and {second} (offset {at_second}), and nobody can say \
         which of them came last: let the topic's key be what the table is looked up by, so that a key has one partition, or give \
         the topic one partition"
    );
    Blame { message, at: Some(format!("key {key:?}")) }
}

impl<K, T, A, O, F> Owner for LookupOwner<K, T, A, F>
where
    K: Key,
    T: Clone + Send + 'static,
    A: Record,
    O: Clone + Send + 'static,
    F: Fn(&T, Option<&A>) -> O + 'static,
{
    fn packet(&mut self, input: usize, packet: Packet) -> Result<(), Blame> {
        const OF_ONE_NODE: &str = "a lookup's halves come from one node of the plan";
        match input {
            0 => self.of_stream.extend(*packet.downcast::<Vec<KeyedRow<K, T>>>().expect(OF_ONE_NODE)),
            _ => self.of_side.extend(*packet.downcast::<Vec<KeyedRow<K, A>>>().expect(OF_ONE_NODE)),
        }
        Ok(())
    }

    fn end_epoch(&mut self, _: &Now<'_>, _: &mut Ports) -> Result<(), Blame> {
        mem::take(&mut self.of_side).into_iter().try_for_each(|row| self.keep(row))?;
        self.leaving = mem::take(&mut self.of_stream).into_iter();
        Ok(())
    }

    /// The table is read here, and not at the epoch's end: it changes at the end of an epoch alone, and none ends before this one's rows
    /// have left.
    fn emit(&mut self, out: &mut Ports) -> Result<bool, Blame> {
        let mut made: Vec<Row<O>> = Vec::new();
        for KeyedRow { group, key, meta, value } in self.leaving.by_ref().take(DUE_ROWS) {
            in_hand(meta.position());
            let side = self.table.get(group, &key, &()).map(|side| side.row.row());
            let value = (self.row)(&value, side.as_deref());
            // Of rows of one place no two stand side by side: a `flat_map` behind would take them for one record's.
            if made.last().is_some_and(|last| last.meta.place == meta.place) {
                give(mem::take(&mut made), out);
            }
            made.push(Row { meta, value });
        }
        give(made, out);
        Ok(self.leaving.len() > 0)
    }

    fn tables(&mut self) -> Vec<&mut dyn StateTable> {
        vec![&mut self.table]
    }
}

/// Rows of several workers have left the order of their logs.
fn give<O: 'static>(made: Vec<Row<O>>, out: &mut Ports) {
    if !made.is_empty() {
        out.give(Ports::MAIN, Batch::of(made).passed_on());
    }
}
