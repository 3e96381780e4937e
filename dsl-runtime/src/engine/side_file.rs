//! Copying the files of side tables into their topics, before a pipeline reads anything.
//!
//! # Contract
//! A file is copied once: its rows, that the topic is the pipeline's, and what the file was, become visible in one transaction. A topic
//! that has this last property is never copied into again; a `reset` deletes the topic.

use log_store::{Producer, Store, Topic};
use serde::{Deserialize, Serialize};

use super::outputs;
use super::schemas::commit_with_schemas;
use super::storage::{OpenTopic, WRITER};
use crate::error::{Error, Result};
use crate::flow::{OutRows, RecordHeaders, catch};
use crate::plan::SideFile;

/// The property of a topic that says which file it is the copy of, as JSON.
const COPIED: &str = "waterwheel.copied";

/// What a file was when it was copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Copied {
    bytes: u64,
    /// XXH3 in 128 bits, in hexadecimal digits.
    hash: String,
}

impl Copied {
    fn of(content: &[u8]) -> Copied {
        let hash = twox_hash::XxHash3_128::oneshot(content);
        Copied { bytes: content.len() as u64, hash: format!("{hash:032x}") }
    }

    fn said(&self) -> String {
        format!("{} bytes with hash {}", self.bytes, self.hash)
    }
}

/// Copies a file into the topic of its side table, unless that was done; refuses one that has changed since.
pub(super) fn copy(
    store: &Store,
    pipeline: &str,
    producer: &Producer,
    open: &OpenTopic,
    file: &SideFile,
) -> Result<()> {
    let topic = &open.topic;
    let refuse = |reason: String| Error::SideFile {
        topic: topic.name().to_owned(),
        path: file.path.display().to_string(),
        reason,
    };
    let content = std::fs::read(&file.path);
    if let Some(copied) = topic.property(COPIED) {
        let then: Copied = serde_json::from_slice(&copied)
            .map_err(|error| refuse(format!("what is kept of its copy cannot be read: {error}")))?;
        // Whoever has moved it away does not need it, and has a copy.
        let Ok(now) = content.as_deref().map(Copied::of) else { return Ok(()) };
        return if then == now { Ok(()) } else { Err(changed(pipeline, topic, file, (&then, &now))) };
    }
    let has_rows = topic.snapshot().iter().any(|readable| readable.end.0 > 0);
    if has_rows {
        return Err(refuse(
            "the topic has rows that did not come from it: give the file a topic of its own, or read the topic as it is, `side(Topic)` without a \
             file"
                .to_owned(),
        ));
    }
    let content = content.map_err(|error| refuse(error.to_string()))?;
    let rows = (file.rows)(&content).map_err(refuse)?;
    let mut encoder = (file.sink.encoder)(open.rows.schemas(), topic.partitions(), topic.record_bytes_max())?;
    let (has_rows, mut encoded) = (!rows.is_empty(), OutRows::default());
    catch(|| encoder.encode(rows, &RecordHeaders::default(), &mut encoded))
        .map_err(|blame| refuse(blame.message))?;
    let mut transaction = store.begin(producer)?;
    let clock_ms = store.clock().now_ms();
    outputs::write(vec![vec![encoded]], std::slice::from_ref(open), clock_ms, &mut transaction)?;
    let copied = serde_json::to_vec(&Copied::of(&content)).expect("a number and a text can be JSON");
    transaction.set_property(topic, WRITER, pipeline.as_bytes());
    transaction.set_property(topic, COPIED, &copied);
    let mut registration = open.rows.clone();
    commit_with_schemas(transaction, has_rows.then_some(&mut registration))?;
    Ok(())
}

fn changed(pipeline: &str, topic: &Topic, file: &SideFile, (then, now): (&Copied, &Copied)) -> Error {
    Error::SideFileChanged {
        pipeline: pipeline.to_owned(),
        topic: topic.name().to_owned(),
        path: file.path.display().to_string(),
        then: then.said(),
        now: now.said(),
    }
}
