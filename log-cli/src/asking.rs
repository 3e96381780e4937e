//! Asking before what cannot be taken back.

use std::io::{self, BufRead, IsTerminal};

use crate::failure::{Failure, Outcome};

/// Asks whether to do what is said of it; fails where there is nobody to ask.
pub(crate) fn confirms(what: &str) -> Outcome<bool> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::usage(format!(
            "{what}, and there is no terminal to ask on; say `--yes` if that is meant"
        )));
    }
    eprint!("{what}. Go on? [y/N] ");
    let mut answer = String::new();
    let read = stdin.lock().read_line(&mut answer);
    read.map_err(|source| Failure::Error(format!("cannot read the answer: {source}")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
