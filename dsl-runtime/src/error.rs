//! What can go wrong with a pipeline, with the facts needed to act.

use std::fmt;

use crate::record::{DecodeError, SchemaError};

/// The result of whatever can go wrong with a pipeline.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of a pipeline or of its store. Its `Debug` is its text, since that is what `fn main` prints of it; `{:#?}` shows the variant
/// with its fields.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The log could not be read or written.
    #[error(transparent)]
    Log(#[from] log_store::Error),
    /// The pipeline makes no sense as a whole.
    #[error("{0}")]
    Plan(String),
    /// A row type does not fit its topic.
    #[error("topic `{topic}`: {source}")]
    Schema {
        /// The topic's name.
        topic: String,
        /// What does not fit.
        source: SchemaError,
    },
    /// A row type was written to a topic for the first time, by somebody else, while this program wrote its first rows.
    #[error(
        "topic `{topic}` got its first rows of a type from elsewhere while the first ones from here were on their way; none of these was \
         written: do it again"
    )]
    SchemasChanged {
        /// The topic's name.
        topic: String,
    },
    /// A topic exists, and is not as the program declares it.
    #[error("topic `{topic}` was created with {kept}, and the program declares {declared}; {remedy}")]
    TopicDiffers {
        /// The topic's name.
        topic: String,
        /// What the store keeps.
        kept: String,
        /// What the program says.
        declared: String,
        /// What to do.
        remedy: String,
    },
    /// A topic exists, and keeps its records in another way than the program declares.
    #[error(
        "topic `{topic}` has {kept}, and the program declares {declared}; nothing was changed: run `waterwheel-log topic alter {topic} \
         {alter}` with this `--data-dir` if that is meant, or have `topics!` say what it has, or nothing of it"
    )]
    SettingDiffers {
        /// The topic's name.
        topic: String,
        /// The settings that differ, by the log's names, as the topic has them.
        kept: String,
        /// The same as the program says them.
        declared: String,
        /// What has the command line of the log make them so.
        alter: String,
    },
    /// The pipeline is another one than the one that left its state.
    #[error(
        "pipeline `{pipeline}` is not the one that left its state in this directory:\n{differences}\n\
         its state does not fit any more. Either undo the change, or drop state and results with `reset` (the inputs \
         stay, and the next run computes everything anew)"
    )]
    PipelineDiffers {
        /// The pipeline's name.
        pipeline: String,
        /// The differences, a line each.
        differences: String,
    },
    /// What the pipeline keeps in the log for itself was written by a program with another version of Waterwheel.
    #[error(
        "pipeline `{pipeline}` left its state in this directory in version {found} of the engine's format, and this program knows \
         version {known}. Either go on with the program that wrote it, or drop state and results with `reset` (the inputs stay, \
         and the next run computes everything anew)"
    )]
    OtherFormat {
        /// The pipeline's name.
        pipeline: String,
        /// The version of what is there; 1 where none is said.
        found: String,
        /// The version that this program reads and writes.
        known: u32,
    },
    /// A record cannot be decoded, and the source says `undecodable(fail)`.
    #[error(
        "topic `{topic}` partition {partition} offset {offset} cannot be decoded: {reason}; it lies in {file}; nothing was lost: repair what \
         writes the topic, or let the source skip and count such records with `.undecodable(skip)`"
    )]
    Undecodable {
        /// The topic's name.
        topic: String,
        /// The partition.
        partition: u32,
        /// The record's offset.
        offset: u64,
        /// What is wrong with it.
        reason: String,
        /// The file of the log that holds it. If someone put it there, it may be another topic's.
        file: String,
    },
    /// Code of the pipeline panicked, or an aggregate could not give its result.
    #[error(
        "operator `{operator}` stopped at {at}: {message}; nothing was lost, the next run meets the same row again"
    )]
    UserCode {
        /// The operator: its `let`, and its kind.
        operator: String,
        /// The row, or the key and window, it had in hand.
        at: String,
        /// What it said.
        message: String,
    },
    /// A crash has left epochs to be computed again, and the pipeline's code has changed since they were committed.
    #[error(
        "the last run of pipeline `{pipeline}` was cut short, and {epochs} epochs that it committed have to be computed again, but \
         the code has changed since:\n{differences}\n\
         open windows would be counted partly by the one and partly by the other. Either finish the recovery with the program as it \
         was, `run --recover-only`, and then run this one; or compute those epochs with this one, `run --accept-changed-replay`: \
         rows that are written stay as they are"
    )]
    ChangedReplay {
        /// The pipeline's name.
        pipeline: String,
        /// How many epochs are to be computed again.
        epochs: u64,
        /// The differences, a line each.
        differences: String,
    },
    /// A replayed epoch gave a keyed operator other rows than when it was committed.
    #[error(
        "epoch {epoch} gave operator `{operator}` other rows than when it was committed, though the closures read as they did: a \
         function that they call has changed, or what they do depends on a clock, on chance or on the environment. Either undo \
         that and finish the recovery, `run --recover-only`; or go on with what this program makes of it, \
         `run --accept-changed-replay`: rows that are written stay as they are; or start anew with `reset`"
    )]
    OtherRowsOnReplay {
        /// The epoch.
        epoch: u64,
        /// The operator's `let`.
        operator: String,
    },
    /// A replayed epoch gave other results than when it was committed.
    #[error(
        "epoch {epoch} gave other rows for topic `{topic}` than when it was committed ({then} then, {now} now): the pipeline's \
         code is not deterministic, or has changed since. Either undo the change and finish the recovery, `run --recover-only`; or \
         go on with what this program makes of it, `run --accept-changed-replay`: rows that are written stay as they are; or start \
         anew with `reset`"
    )]
    NonDeterministicReplay {
        /// The epoch.
        epoch: u64,
        /// The output topic.
        topic: String,
        /// Rows and hash as committed.
        then: String,
        /// Rows and hash of the replay.
        now: String,
    },
    /// Event time was closed, and there are newer rows.
    #[error(
        "pipeline `{pipeline}` was closed with `--close`, and topic `{topic}` has newer records: every window has emitted, \
         so they cannot be counted any more; `reset` drops state and results, keeps the inputs, and lets the next run \
         compute everything anew"
    )]
    Closed {
        /// The pipeline's name.
        pipeline: String,
        /// The input topic.
        topic: String,
        /// How many offsets lie beyond what was closed.
        rows: u64,
    },
    /// An input topic was deleted and made anew since the pipeline read it.
    #[error(
        "topic `{topic}` was deleted and made anew since pipeline `{pipeline}` read it: where the pipeline stopped means other \
         records now; `reset` drops its state and results, and lets the next run compute everything anew from what the topic holds"
    )]
    InputMadeAnew {
        /// The pipeline's name.
        pipeline: String,
        /// The input topic.
        topic: String,
    },
    /// An output topic was deleted since the pipeline wrote it.
    #[error(
        "topic `{topic}`, which pipeline `{pipeline}` writes, was deleted, and the results that were in it are gone; `reset` drops the \
         pipeline's state and what is left of its results, and lets the next run compute everything anew"
    )]
    OutputGone {
        /// The pipeline's name.
        pipeline: String,
        /// The output topic.
        topic: String,
    },
    /// Records that the pipeline has not read yet were deleted.
    #[error(
        "topic `{topic}` partition {partition} begins at offset {start}, and pipeline `{pipeline}` has read it up to {next} only: the \
         records in between were deleted; `reset` drops its state and results, and lets the next run compute everything anew \
         from what the topic holds"
    )]
    InputGone {
        /// The pipeline's name.
        pipeline: String,
        /// The input topic.
        topic: String,
        /// The partition.
        partition: u16,
        /// The first offset that the pipeline needs.
        next: u64,
        /// The first offset that there is.
        start: u64,
    },
    /// The file of a side table cannot be copied into its topic.
    #[error("side table `{topic}` cannot be copied from {path}: {reason}; nothing of it was copied")]
    SideFile {
        /// The table's topic.
        topic: String,
        /// The file.
        path: String,
        /// Why not, with the line that is no row.
        reason: String,
    },
    /// The file of a side table has changed since it was copied.
    #[error(
        "{path} has changed since pipeline `{pipeline}` copied it into topic `{topic}` ({then} then, {now} now): its side table stays what it \
         was, so that every run meets the same. Put the file back, or move it away, as the copy does not need it; or `reset` drops state, \
         results and the copy, and the next run takes the file as it is"
    )]
    SideFileChanged {
        /// The pipeline's name.
        pipeline: String,
        /// The table's topic.
        topic: String,
        /// The file.
        path: String,
        /// Length and hash when it was copied.
        then: String,
        /// Length and hash now.
        now: String,
    },
    /// A reset would drop results that another pipeline reads.
    #[error(
        "topic `{topic}` is read by pipeline `{reader}`, so the results of pipeline `{pipeline}` in it cannot be dropped; `reset` \
         pipeline `{reader}` first, which lets go of the topic, then `{pipeline}` (docs/guide/running.md, \"Pipelines that read one \
         another\")"
    )]
    OutputIsRead {
        /// The pipeline to reset.
        pipeline: String,
        /// Its output.
        topic: String,
        /// Who reads it.
        reader: String,
    },
    /// Another pipeline writes the topic.
    #[error(
        "topic `{topic}` is written by pipeline `{writer}`, so pipeline `{pipeline}` cannot write it too: nobody could tell their results \
         apart; sink into a topic of its own"
    )]
    OutputIsWritten {
        /// The pipeline that was to write it.
        pipeline: String,
        /// Its output.
        topic: String,
        /// Who writes it.
        writer: String,
    },
    /// Of several pipelines that were to run, one failed.
    #[error("pipeline `{pipeline}` failed: {source}{others}")]
    OfPipeline {
        /// The pipeline that failed.
        pipeline: String,
        /// Its error. Boxed, since every result of the crate would be as large otherwise.
        source: Box<Error>,
        /// What became of the others, as the end of the sentence; empty if there are none.
        others: String,
    },
    /// The run was stopped before it had reached what was waited for.
    #[error("the run was stopped before it had caught up")]
    Stopped,
    /// What the pipeline keeps in the log for itself cannot be read.
    #[error(
        "the {what} of pipeline `{pipeline}` cannot be used: {reason}; `reset` drops state and results, keeps the inputs, and lets the next run compute everything anew"
    )]
    Damaged {
        /// The pipeline's name.
        pipeline: String,
        /// Which part: its state, its epoch entries.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The log is damaged where a pipeline's results lie, or what it keeps for itself: all of it can be computed anew.
    #[error(
        "{source}; that topic holds {holds} of pipeline `{pipeline}`, which can be computed anew: without a copy, `reset` drops its state \
         and results, keeps the inputs, which this damage does not touch, and lets the next run compute everything anew"
    )]
    DamagedOutput {
        /// The pipeline's name.
        pipeline: String,
        /// What the topic holds: the state, the epoch entries, results.
        holds: &'static str,
        /// The log's error. Boxed, since every result of the crate would be as large otherwise.
        source: Box<log_store::Error>,
    },
    /// A row read as a typed value does not fit its type.
    #[error(
        "topic `{topic}` partition {partition} offset {offset} cannot be decoded: {source}; it lies in {file}; the rows before it were given, and \
         `TypedTopic::topic` has the records as they are"
    )]
    Row {
        /// The topic's name.
        topic: String,
        /// The partition.
        partition: u32,
        /// The record's offset.
        offset: u64,
        /// The file of the log that holds it. If someone put it there, it may be another topic's.
        file: String,
        /// What does not fit. Boxed, since every result of the crate would be as large otherwise.
        source: Box<DecodeError>,
    },
    /// Rows that a reader of a topic had still to read were deleted.
    #[error(
        "topic `{topic}` partition {partition} begins at offset {start}, and reading was to go on at offset {next}: the rows in between \
         were deleted; to go on without them, begin at the topic's start, `seek_to_start()`, or at a later offset"
    )]
    RowsGone {
        /// The topic's name.
        topic: String,
        /// The partition.
        partition: u32,
        /// The offset to be read next.
        next: u64,
        /// The first offset that there is.
        start: u64,
    },
    /// The run has failed, and its error was given before.
    #[error(
        "the run has failed, and its error was given before; start it anew: it goes on where its last commit was"
    )]
    HasFailed,
    /// The engine itself failed.
    #[error("the engine failed: {0}; this is a bug of Waterwheel's, and nothing committed was lost")]
    Engine(String),
    /// What the command line asks for cannot be done.
    #[error("{0}")]
    Usage(String),
    /// Input or output outside the log failed, while a program loads or prints rows.
    #[error("{what}: {source}")]
    Io {
        /// What was done with which file.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            // The text has that of its source in it.
            return fmt::Display::fmt(self, f);
        }
        log_store::error_structure!(self, f;
            Log(inner),
            Plan(inner),
            Schema { topic, source },
            SchemasChanged { topic },
            TopicDiffers { topic, kept, declared, remedy },
            SettingDiffers { topic, kept, declared, alter },
            PipelineDiffers { pipeline, differences },
            OtherFormat { pipeline, found, known },
            Undecodable { topic, partition, offset, reason, file },
            UserCode { operator, at, message },
            ChangedReplay { pipeline, epochs, differences },
            OtherRowsOnReplay { epoch, operator },
            NonDeterministicReplay { epoch, topic, then, now },
            Closed { pipeline, topic, rows },
            InputMadeAnew { pipeline, topic },
            OutputGone { pipeline, topic },
            InputGone { pipeline, topic, partition, next, start },
            SideFile { topic, path, reason },
            SideFileChanged { pipeline, topic, path, then, now },
            OutputIsRead { pipeline, topic, reader },
            OfPipeline { pipeline, source, others },
            OutputIsWritten { pipeline, topic, writer },
            Stopped,
            Damaged { pipeline, what, reason },
            DamagedOutput { pipeline, holds, source },
            Row { topic, partition, offset, file, source },
            RowsGone { topic, partition, next, start },
            HasFailed,
            Engine(inner),
            Usage(inner),
            Io { what, source },
        )
    }
}

/// The file of a record, for messages.
pub(crate) fn file_of(log: &log_store::Partition, offset: u64) -> String {
    let file = log.file_of(log_store::Offset(offset));
    file.map_or_else(|| "a file that is gone".to_owned(), |file| file.display().to_string())
}

/// For programs whose functions give `io::Result`; an error of the log keeps the kind that it has there.
impl From<Error> for std::io::Error {
    fn from(error: Error) -> std::io::Error {
        match error {
            Error::Log(error) => error.into(),
            other => std::io::Error::other(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;
    use crate::record::{SchemaError, TopicSchemas};

    #[test]
    fn what_main_prints_is_the_text_with_that_of_its_sources_and_the_structure_is_there_for_who_asks() {
        let not_json = TopicSchemas::from_json(b"no JSON").unwrap_err();
        let schema = Error::Schema { topic: "orders".to_owned(), source: not_json };
        let io = Error::Io { what: "cannot read".to_owned(), source: std::io::Error::other("gone") };
        let log = Error::Log(log_store::Error::Closed);
        for error in [schema, io, log, Error::Stopped] {
            let text = format!("{error:?}");
            assert_eq!(text, error.to_string());
            let mut source = error.source();
            while let Some(inner) = source {
                assert!(text.contains(&inner.to_string()), "{text}: {inner}");
                source = inner.source();
            }
        }
        let error = Error::Schema { topic: "orders".to_owned(), source: SchemaError::TooMany(3) };
        assert_eq!(
            format!("{error:#?}"),
            "Schema {\n    topic: \"orders\",\n    source: TooMany(\n        3,\n    ),\n}"
        );
        assert_eq!(format!("{:#?}", Error::Stopped), "Stopped");
    }
}
