//! What ends a command early, and the exit code it ends with.

use std::fmt;
use std::io;
use std::process::ExitCode;

use clap::error::ErrorKind;

/// What became of a command.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a command ended before it was done.
pub(crate) enum Failure {
    /// The arguments make no sense: exit code 2. Also `--help`, which exits with 0.
    Usage(clap::Error),
    /// It went wrong, and this is what, where, and what to do: exit code 1.
    Error(String),
    /// Nobody reads stdout any more (`consume .. | head`): that is no failure.
    NobodyReads,
}

/// Prints what is to be said, and gives the exit code.
pub(crate) fn exit_code(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) | Err(Failure::NobodyReads) => ExitCode::SUCCESS,
        Err(Failure::Usage(error)) => {
            // If even stderr is gone, the exit code is all that is left to say.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
        Err(Failure::Error(message)) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

impl Failure {
    /// The arguments make sense by themselves, but not for what is there.
    pub(crate) fn usage(message: impl fmt::Display) -> Failure {
        Failure::Usage(clap::Error::raw(ErrorKind::ValueValidation, format!("{message}\n")))
    }

    /// A failure to write to stdout.
    pub(crate) fn of_stdout(source: io::Error) -> Failure {
        match source.kind() {
            io::ErrorKind::BrokenPipe => Failure::NobodyReads,
            _ => Failure::Error(format!("cannot write to stdout: {source}")),
        }
    }
}

impl From<log_store::Error> for Failure {
    fn from(error: log_store::Error) -> Failure {
        Failure::Error(error.to_string())
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Failure {
        Failure::Usage(error)
    }
}
