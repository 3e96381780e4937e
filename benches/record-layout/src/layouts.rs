//! The layouts under comparison.

use std::hint::black_box;

use columnar::bytes::indexed;
use columnar::{Borrow, Columnar, ContainerOf, FromBytes, Index, Len, Push};
use dsl_runtime::record::{FieldMask, Format, Record, RowCodec, TopicSchemas};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::measure::{BATCH, Layout};

/// More than the bytes of any row here, so that no buffer has to grow.
const BYTES_MAX: usize = 512;

/// Rows one behind the other in one buffer.
pub(crate) struct Rows {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Rows {
    fn of<T>(batch: &[T], mut encode: impl FnMut(&T, &mut Vec<u8>)) -> Rows {
        let mut rows =
            Rows { bytes: Vec::with_capacity(BATCH * BYTES_MAX), ends: Vec::with_capacity(batch.len()) };
        for row in batch {
            encode(row, &mut rows.bytes);
            rows.ends.push(rows.bytes.len());
        }
        rows
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.bytes[start..end])
    }
}

/// The rows of the batch that begins at `start`.
fn batch_of<T>(rows: &[T], start: usize) -> &[T] {
    &rows[start..rows.len().min(start + BATCH)]
}

/// Decodes a batch and drops it.
fn decode_all<T>(rows: &Rows, decode: impl Fn(&[u8]) -> T) -> usize {
    let mut batch = Vec::with_capacity(BATCH);
    rows.iter().for_each(|row| Vec::push(&mut batch, decode(row)));
    black_box(&batch).len()
}

/// Ours.
pub(crate) struct Native<'a, T> {
    rows: &'a [T],
    codec: RowCodec<T>,
    mask: FieldMask,
    sum: fn(&T) -> i64,
}

impl<'a, T: Record> Native<'a, T> {
    pub(crate) fn new(rows: &'a [T], fields: &[&str], sum: fn(&T) -> i64) -> Self {
        let codec =
            RowCodec::new(Format::Native, &mut TopicSchemas::new()).expect("a new topic takes any schema");
        Native { rows, codec, mask: T::mask(fields), sum }
    }

    fn read(&self, row: &[u8], mask: FieldMask) -> T {
        self.codec.decode(row, mask).expect("the row was just written")
    }
}

impl<T: Record> Layout for Native<'_, T> {
    const NAME: &'static str = "native";
    type Encoded = Rows;

    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn encode(&self, start: usize) -> Rows {
        let encode =
            |row: &T, out: &mut Vec<u8>| self.codec.encode(row, out).expect("the schema is registered");
        Rows::of(batch_of(self.rows, start), encode)
    }

    fn bytes(encoded: &Rows) -> usize {
        encoded.bytes.len()
    }

    fn decode(&self, encoded: &Rows) -> usize {
        decode_all(encoded, |row| self.read(row, FieldMask::ALL))
    }

    fn two(&self, encoded: &Rows) -> i64 {
        encoded.iter().map(|row| (self.sum)(&self.read(row, self.mask))).sum()
    }
}

/// postcard, with types of serde's own derive.
pub(crate) struct Postcard<'a, T> {
    pub(crate) rows: &'a [T],
    /// Decodes a row without owning its strings, and adds up the two fields.
    pub(crate) sum: fn(&[u8]) -> i64,
}

impl<T: Serialize + DeserializeOwned> Layout for Postcard<'_, T> {
    const NAME: &'static str = "postcard";
    type Encoded = Rows;

    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn encode(&self, start: usize) -> Rows {
        let encode = |row: &T, out: &mut Vec<u8>| {
            *out = postcard::to_extend(row, std::mem::take(out)).expect("a vector takes any row");
        };
        Rows::of(batch_of(self.rows, start), encode)
    }

    fn bytes(encoded: &Rows) -> usize {
        encoded.bytes.len()
    }

    fn decode(&self, encoded: &Rows) -> usize {
        decode_all(encoded, |row| postcard::from_bytes::<T>(row).expect("the row was just written"))
    }

    fn two(&self, encoded: &Rows) -> i64 {
        encoded.iter().map(self.sum).sum()
    }
}

/// serde_json, with types of serde's own derive.
pub(crate) struct Json<'a, T> {
    pub(crate) rows: &'a [T],
    /// Decodes the two fields, skips the others, and adds them up.
    pub(crate) sum: fn(&[u8]) -> i64,
}

impl<T: Serialize + DeserializeOwned> Layout for Json<'_, T> {
    const NAME: &'static str = "JSON";
    type Encoded = Rows;

    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn encode(&self, start: usize) -> Rows {
        let encode =
            |row: &T, out: &mut Vec<u8>| serde_json::to_writer(out, row).expect("a vector takes any row");
        Rows::of(batch_of(self.rows, start), encode)
    }

    fn bytes(encoded: &Rows) -> usize {
        encoded.bytes.len()
    }

    fn decode(&self, encoded: &Rows) -> usize {
        decode_all(encoded, |row| serde_json::from_slice::<T>(row).expect("the row was just written"))
    }

    fn two(&self, encoded: &Rows) -> i64 {
        encoded.iter().map(self.sum).sum()
    }
}

/// A batch of columns by the `columnar` crate, which timely uses; its bytes are those of its indexed encoding.
pub(crate) struct Columns<'a, T: Columnar> {
    pub(crate) rows: &'a [T],
    /// Adds up the two columns of a batch.
    pub(crate) sum: fn(&[u64]) -> i64,
}

impl<T: Columnar> Layout for Columns<'_, T>
where
    ContainerOf<T>: Default + for<'r> Push<&'r T>,
{
    const NAME: &'static str = "columnar batch";
    type Encoded = Vec<u64>;

    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn encode(&self, start: usize) -> Vec<u64> {
        let mut columns = ContainerOf::<T>::default();
        batch_of(self.rows, start).iter().for_each(|row| columns.push(row));
        let mut words = Vec::with_capacity(BATCH * BYTES_MAX / 8);
        indexed::encode(&mut words, &columns.borrow());
        words
    }

    fn bytes(encoded: &Vec<u64>) -> usize {
        8 * encoded.len()
    }

    fn decode(&self, encoded: &Vec<u64>) -> usize {
        let columns = borrowed::<T>(encoded);
        let mut batch = Vec::with_capacity(BATCH);
        (0..columns.len()).for_each(|row| Vec::push(&mut batch, T::into_owned(columns.get(row))));
        black_box(&batch).len()
    }

    fn two(&self, encoded: &Vec<u64>) -> i64 {
        (self.sum)(encoded)
    }
}

/// The columns in a batch's bytes.
pub(crate) fn borrowed<T: Columnar>(words: &[u64]) -> <ContainerOf<T> as Borrow>::Borrowed<'_> {
    FromBytes::from_bytes(&mut indexed::decode(words))
}
