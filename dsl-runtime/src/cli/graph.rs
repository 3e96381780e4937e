//! `graph`: the plan as a picture.

use std::io::Write;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};

use super::Invocation;
use super::failure::{Failure, Outcome};
use crate::plan::Picture;

/// What a picture can be printed as; the first is the default.
const FORMATS: &[&str] = if cfg!(feature = "svg") { &["mermaid", "svg"] } else { &["mermaid"] };

pub(super) fn command() -> Command {
    let help = match cfg!(feature = "svg") {
        true => "Mermaid's language, or a drawing",
        false => "Mermaid's language; a drawing, `svg`, needs Waterwheel's feature of that name",
    };
    let format = Arg::new("format")
        .long("format")
        .value_name("FORMAT")
        .default_value(FORMATS[0])
        .value_parser(PossibleValuesParser::new(FORMATS))
        .help(help);
    Command::new("graph")
        .about("Prints the plan as a picture: the operators, how they run, and the rows between them")
        .after_help("Opens nothing: it also works while the pipeline runs.")
        .arg(format)
}

pub(super) fn perform(call: &Invocation) -> Outcome {
    print(&[call.pipeline().picture()?], call.arguments())
}

/// Prints the pictures as one, in the format that the arguments ask for.
pub(super) fn print(pictures: &[Picture], arguments: &ArgMatches) -> Outcome {
    let format = arguments.get_one::<String>("format").expect("it has a default");
    let text = match format.as_str() {
        #[cfg(feature = "svg")]
        "svg" => Picture::list_to_svg(pictures),
        _ => Picture::list_to_mermaid(pictures),
    };
    std::io::stdout().lock().write_all(text.as_bytes()).map_err(Failure::of_stdout)
}
