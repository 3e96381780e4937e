//! The layouts under comparison.

use std::hint::black_box;

use columnar::bytes::indexed;
use columnar::{Borrow, Columnar, ContainerOf, FromBytes, Index, Len, Push};
use dsl_runtime::record::{FieldMask, Format, Record, RowCodec, TopicSchemas};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::measure::{BATCH, Layout};

/// Rows one behind the other in one buffer.
pub(crate) struct Rows {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Rows {
    fn of<T>(batch: &[T], mut encode: impl FnMut(&T, &mut Vec<u8>)) -> Rows {
        let mut rows = Rows { bytes: Vec::new(), ends: Vec::with_capacity(batch.len()) };
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

/// Decodes batch by batch into a vector that is used again.
fn decode_all<T>(encoded: &[Rows], decode: impl Fn(&[u8]) -> T) -> usize {
    let mut batch = Vec::with_capacity(BATCH);
    let mut count = 0;
    for rows in encoded {
        rows.iter().for_each(|row| Vec::push(&mut batch, decode(row)));
        count += black_box(&batch).len();
        batch.clear();
    }
    count
}

fn sum_all(encoded: &[Rows], two: impl Fn(&[u8]) -> i64) -> i64 {
    encoded.iter().flat_map(Rows::iter).map(two).sum()
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

    fn encode(&self) -> Vec<Rows> {
        let encode =
            |row: &T, out: &mut Vec<u8>| self.codec.encode(row, out).expect("the schema is registered");
        self.rows.chunks(BATCH).map(|batch| Rows::of(batch, encode)).collect()
    }

    fn bytes(encoded: &Rows) -> usize {
        encoded.bytes.len()
    }

    fn decode(&self, encoded: &[Rows]) -> usize {
        decode_all(encoded, |row| self.read(row, FieldMask::ALL))
    }

    fn two(&self, encoded: &[Rows]) -> i64 {
        sum_all(encoded, |row| (self.sum)(&self.read(row, self.mask)))
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

    fn encode(&self) -> Vec<Rows> {
        let encode = |row: &T, out: &mut Vec<u8>| {
            *out = postcard::to_extend(row, std::mem::take(out)).expect("a vector takes any row");
        };
        self.rows.chunks(BATCH).map(|batch| Rows::of(batch, encode)).collect()
    }

    fn bytes(encoded: &Rows) -> usize {
        encoded.bytes.len()
    }

    fn decode(&self, encoded: &[Rows]) -> usize {
        decode_all(encoded, |row| postcard::from_bytes::<T>(row).expect("the row was just written"))
    }

    fn two(&self, encoded: &[Rows]) -> i64 {
        sum_all(encoded, self.sum)
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

    fn encode(&self) -> Vec<Rows> {
        let encode =
            |row: &T, out: &mut Vec<u8>| serde_json::to_writer(out, row).expect("a vector takes any row");
        self.rows.chunks(BATCH).map(|batch| Rows::of(batch, encode)).collect()
    }

    fn bytes(encoded: &Rows) -> usize {
        encoded.bytes.len()
    }

    fn decode(&self, encoded: &[Rows]) -> usize {
        decode_all(encoded, |row| serde_json::from_slice::<T>(row).expect("the row was just written"))
    }

    fn two(&self, encoded: &[Rows]) -> i64 {
        sum_all(encoded, self.sum)
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

    fn encode(&self) -> Vec<Vec<u64>> {
        let encode = |batch: &[T]| {
            let mut columns = ContainerOf::<T>::default();
            batch.iter().for_each(|row| columns.push(row));
            let mut words = Vec::new();
            indexed::encode(&mut words, &columns.borrow());
            words
        };
        self.rows.chunks(BATCH).map(encode).collect()
    }

    fn bytes(encoded: &Vec<u64>) -> usize {
        8 * encoded.len()
    }

    fn decode(&self, encoded: &[Vec<u64>]) -> usize {
        let mut batch = Vec::with_capacity(BATCH);
        let mut count = 0;
        for words in encoded {
            let columns = borrowed::<T>(words);
            (0..columns.len()).for_each(|row| Vec::push(&mut batch, T::into_owned(columns.get(row))));
            count += black_box(&batch).len();
            batch.clear();
        }
        count
    }

    fn two(&self, encoded: &[Vec<u64>]) -> i64 {
        encoded.iter().map(|words| (self.sum)(words)).sum()
    }
}

/// The columns in a batch's bytes.
pub(crate) fn borrowed<T: Columnar>(words: &[u64]) -> <ContainerOf<T> as Borrow>::Borrowed<'_> {
    FromBytes::from_bytes(&mut indexed::decode(words))
}
