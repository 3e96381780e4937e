//! A record as it is sent.

/// A record to be sent: a value or none, perhaps a key, headers, a time, and where it goes.
///
/// ```
/// use log_store::NewRecord;
///
/// let reading = NewRecord::new(b"21.5").key(b"sensor-7").header("unit", Some(b"celsius")).timestamp_ms(1_772_366_400_000);
/// let gone = NewRecord::tombstone(b"sensor-7");
/// # let _ = (reading, gone);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRecord<'a> {
    pub(super) partition: Option<u32>,
    pub(super) timestamp_ms: Option<i64>,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    pub(super) headers: Vec<(&'a str, Option<&'a [u8]>)>,
}

impl<'a> NewRecord<'a> {
    /// A record with this value, no key, and the time at which it is sent.
    #[must_use]
    pub fn new(value: &'a [u8]) -> NewRecord<'a> {
        NewRecord { value: Some(value), ..NewRecord::default() }
    }

    /// A record without a value, which says that there is nothing under the key any more.
    #[must_use]
    pub fn tombstone(key: &'a [u8]) -> NewRecord<'a> {
        NewRecord { key: Some(key), ..NewRecord::default() }
    }

    /// With this key, which decides on the partition.
    #[must_use]
    pub fn key(self, key: &'a [u8]) -> NewRecord<'a> {
        NewRecord { key: Some(key), ..self }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &'a str, value: Option<&'a [u8]>) -> NewRecord<'a> {
        self.headers.push((name, value));
        self
    }

    /// With this time, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn timestamp_ms(self, timestamp_ms: i64) -> NewRecord<'a> {
        NewRecord { timestamp_ms: Some(timestamp_ms), ..self }
    }

    /// To this partition, whatever its key.
    #[must_use]
    pub fn partition(self, number: u32) -> NewRecord<'a> {
        NewRecord { partition: Some(number), ..self }
    }
}
