//! An error as `{:?}` and `{:#?}` show it.

use std::fmt;

use super::Error;

/// Shows a variant of the `Error` that is in scope with its fields, of which none is left out: the compiler sees to that. It is
/// what this crate and the runtime share; nobody else is meant.
#[doc(hidden)]
#[macro_export]
macro_rules! error_structure {
    ($error:expr, $f:expr; $($variant:ident $(($inner:ident))? $({ $($field:ident),+ })?),+ $(,)?) => {
        match $error {
            $(Error::$variant $(($inner))? $({ $($field),+ })? => $f.debug_struct(stringify!($variant))
                $(.field(stringify!($inner), $inner))?
                $($(.field(stringify!($field), $field))+)?
                .finish(),)+
        }
    };
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            // The text has that of its source in it.
            return fmt::Display::fmt(self, f);
        }
        error_structure!(self, f;
            Io { action, path, source },
            Locked { dir, holder },
            OwnerCloses { dir, owner, seconds },
            OwnerSilent { dir, owner, seconds },
            OwnerGone { dir, seconds, reason },
            OtherProtocol { dir, owner, found, supported },
            OutcomeUnknown { dir },
            TransactionCut { producer },
            ClaimLost { name },
            NotAStore { dir, found },
            OlderFormat { dir, found, supported },
            NewerFormat { dir, found, supported },
            ForeignFormat { dir, found, supported },
            UnknownTopic { name, hint },
            TopicExists { name },
            InvalidTopic { name, reason },
            UnknownPartition { topic, partition, partitions },
            OffsetOutOfRange { topic, partition, from, start, end },
            Corrupt { topic, partition, file, offset, position, reason },
            CorruptJournal { file, position, reason },
            PartitionReadOnly { topic, partition, reason },
            StoreReadOnly { reason },
            Closed,
            Claimed { name, holder },
            Fenced { producer, epoch, current },
            InvalidWriter { name, bytes_max },
            OutOfOrderSequence { topic, writer, first, end, expected },
            WriterForgotten { topic, writer },
            SendFailed { cause },
            NotABackup { dir, found },
            CorruptBackup { file, position, reason },
            DamagedSegment { topic, partition, file, position, reason, next },
            NotEmpty { dir, found },
            Stopped,
            Disturbed { what },
            TransactionOpen { producer },
            PropertyChanged { topic, name },
            TransactionFailed { producer },
            RecordTooLarge { topic, partition, bytes, limit },
            IllegalGeneration { group, member, generation, current },
            FencedInstance { group, instance },
            GroupNotEmpty { group, members },
            InconsistentAssignor { group, asked, used },
            UnknownGroup { group, hint },
            InvalidGroup { group, reason },
            NotAssigned { topic, partition, assigned },
            NoOffset { group, topic, partition },
        )
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::*;

    #[test]
    fn what_main_prints_is_the_text_and_the_structure_is_there_for_who_asks() {
        let error = Error::io("sync", Path::new("log"), io::ErrorKind::StorageFull.into());
        assert_eq!(format!("{error:?}"), error.to_string());
        let structure = format!("{error:#?}");
        assert!(
            structure.starts_with("Io {\n    action: \"sync\",\n    path: \"log\",\n    source: "),
            "{structure}"
        );
        assert_eq!(format!("{:#?}", Error::Closed), "Closed");
    }
}
