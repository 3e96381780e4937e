//! What ends a command early, and the exit code it ends with.

use std::error::Error as StdError;
use std::io;
use std::process::ExitCode;

use crate::error::Error;

/// What became of a command.
pub(super) type Outcome = Result<(), Failure>;

/// Why a command ended before it was done.
pub(super) enum Failure {
    /// The arguments make no sense: exit code 2. Also `--help`, which exits with 0.
    Usage(clap::Error),
    /// It went wrong: exit code 1.
    Error(Box<dyn StdError + Send + Sync>),
    /// Nobody reads stdout any more (`read .. | head`): that is no failure.
    NobodyReads,
}

/// Prints what is to be said, and gives the exit code.
pub(super) fn exit_code(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) | Err(Failure::NobodyReads) => ExitCode::SUCCESS,
        Err(Failure::Usage(error)) => {
            // If even stderr is gone, the exit code is all that is left to say.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
        Err(Failure::Error(error)) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Failure {
    /// A failure to write to stdout.
    pub(super) fn of_stdout(source: io::Error) -> Failure {
        if source.kind() == io::ErrorKind::BrokenPipe {
            return Failure::NobodyReads;
        }
        Error::Io { what: "cannot write to stdout".to_owned(), source }.into()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Error(Box::new(error))
    }
}

impl From<log_store::Error> for Failure {
    fn from(error: log_store::Error) -> Failure {
        Failure::Error(Box::new(error))
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Failure {
        Failure::Usage(error)
    }
}
