//! Heartbeats: records that are no rows, and say how far event time has come in their partition.

use log_store::{RecordRef, RecordsBuilder};

use super::error::DecodeError;
use crate::time::Timestamp;

/// The header that makes a record without a value a heartbeat. Its value is an instant in milliseconds since the Unix epoch, in digits.
const HEARTBEAT: &str = "waterwheel.heartbeat";

/// Whether a record is a heartbeat, well-formed or not.
#[inline]
pub(crate) fn is_heartbeat(record: &RecordRef<'_>) -> bool {
    record.value.is_none() && record.headers().any(|(name, _)| name == HEARTBEAT)
}

/// The event time that a heartbeat tells, if the record is one. Of several headers the last counts.
#[inline]
pub(crate) fn heartbeat(record: &RecordRef<'_>) -> Option<Result<Timestamp, DecodeError>> {
    if record.value.is_some() {
        return None;
    }
    let (_, told) = record.headers().filter(|(name, _)| *name == HEARTBEAT).last()?;
    let text = told.and_then(|told| std::str::from_utf8(told).ok());
    let millis = text.and_then(|text| text.parse().ok());
    Some(millis.map(Timestamp::from_millis).ok_or_else(|| DecodeError::Heartbeat {
        found: String::from_utf8_lossy(told.unwrap_or_default()).into_owned(),
    }))
}

/// Adds a heartbeat to records that are to be appended.
pub(crate) fn push_heartbeat(records: &mut RecordsBuilder, now_ms: i64, at: Timestamp) {
    let text = at.millis().to_string();
    records.push_with_headers(now_ms, None, None, &[(HEARTBEAT, Some(text.as_bytes()))]);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use log_store::{MemDisk, Offset, Store, TopicConfig};

    use super::*;

    type Headers<'a> = &'a [(&'a str, Option<&'a [u8]>)];

    /// What a record with these headers tells: nothing, an instant, or an error.
    fn told(value: Option<&[u8]>, headers: Headers<'_>) -> Option<Result<i64, String>> {
        let store = Store::open_on(Arc::new(MemDisk::new()), Default::default()).unwrap();
        let log = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
        let mut records = RecordsBuilder::new();
        records.push_with_headers(0, None, value, headers);
        log.append(records).unwrap();
        let mut scan = log.scan(Offset(0), Offset(1));
        let record = scan.next().unwrap().unwrap();
        assert_eq!(is_heartbeat(&record), heartbeat(&record).is_some());
        heartbeat(&record).map(|told| told.map(Timestamp::millis).map_err(|error| error.to_string()))
    }

    #[test]
    fn a_record_without_a_value_and_with_the_header_is_a_heartbeat() {
        let at = |text: &'static [u8]| [("other", None), (HEARTBEAT, Some(text))];
        assert_eq!(told(None, &at(b"1500")), Some(Ok(1_500)));
        assert_eq!(told(None, &at(b"-1")), Some(Ok(-1)));
        assert_eq!(told(Some(b""), &at(b"1500")), None);
        assert_eq!(told(None, &[]), None);
        assert_eq!(told(None, &[(HEARTBEAT, Some(b"1")), (HEARTBEAT, Some(b"2"))]), Some(Ok(2)));
        for garbage in [
            None,
            Some(&b""[..]),
            Some(b"soon"),
            Some(b"1.5"),
            Some(&[0xff][..]),
            Some(b"99999999999999999999"),
        ] {
            let error = told(None, &[(HEARTBEAT, garbage)]).unwrap().unwrap_err();
            assert!(error.contains("`waterwheel.heartbeat`"), "{error}");
        }
    }

    #[test]
    fn what_is_pushed_is_read() {
        let store = Store::open_on(Arc::new(MemDisk::new()), Default::default()).unwrap();
        let log = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
        let mut records = RecordsBuilder::new();
        push_heartbeat(&mut records, 7, Timestamp::from_millis(-42));
        log.append(records).unwrap();
        let mut scan = log.scan(Offset(0), Offset(1));
        let record = scan.next().unwrap().unwrap();
        assert_eq!((heartbeat(&record), record.timestamp), (Some(Ok(Timestamp::from_millis(-42))), 7));
    }
}
