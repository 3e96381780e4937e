//! What is asked of the exit code that `.main()` gives, as if it were a `Result`: each is refused with how a `main` is written.

use std::process::ExitCode;

use crate::not_there::nowhere;

use super::Asked;

/// What would make an exit code a result: nothing does.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`.main()` gives the exit code of the program, and no `Result`",
    label = "leave this out",
    note = "write `fn main() -> std::process::ExitCode {{ pipeline().main() }}`: errors are printed, and told by the exit code",
    note = "who wants the error itself runs the pipeline without a command line, `pipeline().start(&store, RunOptions::new())?.wait()?`"
)]
pub trait IsResult {
    /// What is asked for.
    type Made;
}

/// The methods of a `Result`, asked of an exit code.
#[doc(hidden)]
#[allow(missing_docs)]
pub trait NoResult: Sized {
    fn unwrap(self) -> <Asked<Self> as IsResult>::Made
    where
        Asked<Self>: IsResult,
    {
        nowhere()
    }

    fn expect<M>(self, _: M) -> <Asked<Self> as IsResult>::Made
    where
        Asked<Self>: IsResult,
    {
        nowhere()
    }

    fn ok(self) -> <Asked<Self> as IsResult>::Made
    where
        Asked<Self>: IsResult,
    {
        nowhere()
    }

    fn map_err<F>(self, _: F) -> <Asked<Self> as IsResult>::Made
    where
        Asked<Self>: IsResult,
    {
        nowhere()
    }

    fn unwrap_or_else<F>(self, _: F) -> <Asked<Self> as IsResult>::Made
    where
        Asked<Self>: IsResult,
    {
        nowhere()
    }
}

#[diagnostic::do_not_recommend]
impl NoResult for ExitCode {}
