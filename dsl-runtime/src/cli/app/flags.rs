//! Parameters as flags: a flag's text becomes a value by `FromStr`.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use clap::{Arg, ArgAction, ArgMatches};

use super::entry::Mistake;
use super::given::Said;
use crate::pipeline::{Declared, Values};
use crate::time::{Duration, ParseDurationError};

/// A type of parameters that a flag can give: any with [`FromStr`], and an `Option` of one, which is `None` without the flag.
#[diagnostic::on_unimplemented(
    message = "no flag can give a parameter of type `{Self}`",
    label = "a pipeline with a parameter that no text becomes",
    note = "a flag's text becomes a value by `std::str::FromStr`: implement it for the type, with an error that has `Display`",
    note = "or have the program say the value, by `.pipeline(large(value))` for `.pipeline(large)`"
)]
pub trait FromFlag<Way>: Sized {
    /// Whether the parameter has a value without its flag.
    #[doc(hidden)]
    const OPTIONAL: bool;
    #[doc(hidden)]
    fn from_flag(text: Option<&str>) -> Result<Option<Self>, String>;
}

/// By its own [`FromStr`].
#[doc(hidden)]
pub enum Itself {}
/// By that of what the `Option` is of.
#[doc(hidden)]
pub enum Optional {}

#[diagnostic::do_not_recommend]
impl<P: FromStr<Err: Display>> FromFlag<Itself> for P {
    const OPTIONAL: bool = false;
    fn from_flag(text: Option<&str>) -> Result<Option<P>, String> {
        text.map(|text| text.parse().map_err(|error: P::Err| error.to_string())).transpose()
    }
}

#[diagnostic::do_not_recommend]
impl<P: FromStr<Err: Display>> FromFlag<Optional> for Option<P> {
    const OPTIONAL: bool = true;
    fn from_flag(text: Option<&str>) -> Result<Option<Option<P>>, String> {
        P::from_flag(text).map(Some)
    }
}

/// By that of the library's `Duration`: std's type has none.
#[doc(hidden)]
pub enum Length {}

/// A length of time of std's type, from the text that is read of the library's.
fn length(text: &str) -> Result<std::time::Duration, String> {
    let length: Duration = text.parse().map_err(|error: ParseDurationError| error.to_string())?;
    u64::try_from(length.millis())
        .map(std::time::Duration::from_millis)
        .map_err(|_| format!("`{text}` is a negative length of time, and it has to be `0s` or more"))
}

#[diagnostic::do_not_recommend]
impl FromFlag<Length> for std::time::Duration {
    const OPTIONAL: bool = false;
    fn from_flag(text: Option<&str>) -> Result<Option<Self>, String> {
        text.map(length).transpose()
    }
}

#[diagnostic::do_not_recommend]
impl FromFlag<Length> for Option<std::time::Duration> {
    const OPTIONAL: bool = true;
    fn from_flag(text: Option<&str>) -> Result<Option<Self>, String> {
        text.map(length).transpose().map(Some)
    }
}

/// The parameters of a pipeline, each of which a flag can give.
#[doc(hidden)]
pub trait Flags<Ways>: Values + Sized {
    fn flags(declared: Self::Declared) -> Vec<Flag>;
    /// # Errors
    /// The first flag that is missing, or whose text is no value.
    fn values(declared: Self::Declared, given: &Given) -> Result<Self, Mistake>;
}

#[diagnostic::do_not_recommend]
impl Flags<Said> for Said {
    fn flags(_: ()) -> Vec<Flag> {
        Vec::new()
    }
    fn values(_: (), _: &Given) -> Result<Said, Mistake> {
        unreachable!("nothing asks for values that the program has said")
    }
}

macro_rules! flags {
    ($($($parameter:ident $way:ident)*;)*) => {$(
        #[allow(non_snake_case, clippy::unused_unit)]
        impl<$($way, $parameter: FromFlag<$way> + 'static),*> Flags<($($way,)*)> for ($($parameter,)*) {
            fn flags(($($parameter,)*): Self::Declared) -> Vec<Flag> {
                vec![$(Flag::of::<$parameter, $way>(&$parameter)),*]
            }
            fn values(($($parameter,)*): Self::Declared, _given: &Given) -> Result<Self, Mistake> {
                let mut _first = None;
                $(let $parameter = kept(value::<$parameter, $way>($parameter, _given), &mut _first);)*
                match _first {
                    Some(mistake) => Err(mistake),
                    None => Ok(($($parameter.expect("without a mistake each has a value"),)*)),
                }
            }
        }
    )*};
}
flags! {
    ;
    A WA;
    A WA B WB;
    A WA B WB C WC;
    A WA B WB C WC D WD;
    A WA B WB C WC D WD E WE;
    A WA B WB C WC D WD E WE G WG;
    A WA B WB C WC D WD E WE G WG H WH;
    A WA B WB C WC D WD E WE G WG H WH I WI;
}

/// The texts of the flags that were given.
#[derive(Default)]
pub struct Given(BTreeMap<String, String>);

impl Given {
    pub(super) fn of(flags: &[Flag], matches: &ArgMatches) -> Given {
        let text = |flag: &Flag| Some((flag.name.clone(), matches.get_one::<String>(&flag.id())?.clone()));
        Given(flags.iter().filter_map(text).collect())
    }
}

/// The value, or the mistake if it is the first; one in a text that was given comes before a flag that is missing.
fn kept<P>(value: Result<P, Mistake>, first: &mut Option<Mistake>) -> Option<P> {
    let mistake = match value {
        Ok(value) => return Some(value),
        Err(mistake) => mistake,
    };
    let replaces = first.as_ref().is_none_or(|first| first.refused.is_none() && mistake.refused.is_some());
    if replaces {
        *first = Some(mistake);
    }
    None
}

fn value<P: FromFlag<Way> + 'static, Way>(declared: Declared<P>, given: &Given) -> Result<P, Mistake> {
    let flag = Flag::of::<P, Way>(&declared);
    let text = given.0.get(&flag.name).map(String::as_str);
    let text = if text.is_none() && flag.is_switch { Some("false") } else { text };
    let default = declared.default.filter(|_| !given.0.contains_key(&flag.name));
    if let Some((_, default)) = default {
        return Ok(default());
    }
    match P::from_flag(text) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(Mistake { shown: flag.shown(), about: flag.about, refused: None }),
        Err(reason) => {
            let reason = numbers_of(&flag.ty).unwrap_or(reason);
            let refused = Some((text.unwrap_or_default().to_owned(), reason));
            Err(Mistake { shown: flag.shown(), about: flag.about, refused })
        }
    }
}

/// What a number of a type of Rust's may be: what its own `FromStr` says of a text that is none helps nobody.
fn numbers_of(ty: &str) -> Option<String> {
    let whole = |least: &dyn Display, most: &dyn Display| {
        Some(format!("write a whole number from {least} to {most}"))
    };
    match ty {
        "u8" => whole(&u8::MIN, &u8::MAX),
        "u16" => whole(&u16::MIN, &u16::MAX),
        "u32" => whole(&u32::MIN, &u32::MAX),
        "u64" => whole(&u64::MIN, &u64::MAX),
        "usize" => whole(&usize::MIN, &usize::MAX),
        "i8" => whole(&i8::MIN, &i8::MAX),
        "i16" => whole(&i16::MIN, &i16::MAX),
        "i32" => whole(&i32::MIN, &i32::MAX),
        "i64" => whole(&i64::MIN, &i64::MAX),
        "f32" | "f64" => Some("write a number, such as `2.5`".to_owned()),
        _ => None,
    }
}

/// The flag of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Flag {
    /// Behind the dashes.
    pub(super) name: String,
    ty: String,
    about: &'static str,
    /// The default as it is written.
    default: Option<&'static str>,
    is_optional: bool,
    /// A `bool`: the flag alone is `true`, and without it the parameter is `false`.
    is_switch: bool,
}

impl Flag {
    fn of<P: FromFlag<Way> + 'static, Way>(declared: &Declared<P>) -> Flag {
        let inner = declared.ty.strip_prefix("Option<").and_then(|rest| rest.strip_suffix('>'));
        Flag {
            name: declared.name.replace('_', "-"),
            ty: inner.unwrap_or(declared.ty).to_owned(),
            about: declared.about,
            default: declared.default.map(|(text, _)| text),
            is_optional: P::OPTIONAL,
            is_switch: TypeId::of::<P>() == TypeId::of::<bool>(),
        }
    }

    /// What it is called in the grammar, where the flags of the commands have names, too.
    fn id(&self) -> String {
        format!("--{}", self.name)
    }

    /// As it is written: `--limit <u64>`.
    pub(super) fn shown(&self) -> String {
        if self.is_switch { self.id() } else { format!("--{} <{}>", self.name, self.ty) }
    }

    /// As it is written where it may be left out: `[--limit <u64>]`.
    pub(super) fn in_list(&self) -> String {
        let may_be_left_out = self.is_switch || self.is_optional || self.default.is_some();
        if may_be_left_out { format!("[{}]", self.shown()) } else { self.shown() }
    }

    /// What the grammar has for it. `of` are the pipelines with a parameter of that name, each with its flag.
    pub(super) fn argument(&self, of: &[(&'static str, &Flag)]) -> Arg {
        let arg = Arg::new(self.id())
            .long(self.name.clone())
            .global(true)
            .help_heading("Parameters of the pipelines");
        let arg = arg.help(help(of)).allow_negative_numbers(true).action(ArgAction::Set);
        match self.is_switch {
            true => arg
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
                .hide_possible_values(true)
                .value_name("bool"),
            false => arg.value_name(self.ty.clone()),
        }
    }
}

/// What the parameter is for, of which pipelines, and what it is without the flag.
fn help(of: &[(&'static str, &Flag)]) -> String {
    let mut texts: Vec<(String, Vec<&'static str>)> = Vec::new();
    for (pipeline, flag) in of {
        let without = match (flag.default, flag.is_optional || flag.is_switch) {
            (Some(default), _) => format!("default: {default}"),
            (None, true) => "optional".to_owned(),
            (None, false) => "required".to_owned(),
        };
        let about = if flag.about.is_empty() { String::new() } else { format!("{} ", flag.about) };
        let text = format!("{about}[{without}; of PIPELINES]");
        match texts.iter_mut().find(|(other, _)| *other == text) {
            Some((_, pipelines)) => pipelines.push(pipeline),
            None => texts.push((text, vec![pipeline])),
        }
    }
    let texts = texts.iter().map(|(text, pipelines)| text.replace("PIPELINES", &pipelines.join(", ")));
    texts.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_std_is_read_as_the_librarys() {
        type Std = std::time::Duration;
        assert_eq!(Std::from_flag(Some("1m30s")), Ok(Some(Std::from_secs(90))));
        assert_eq!(Std::from_flag(None), Ok(None));
        assert_eq!(Option::<Std>::from_flag(None), Ok(Some(None)));
        assert_eq!(Option::<Std>::from_flag(Some("250ms")), Ok(Some(Some(Std::from_millis(250)))));
        assert!(Std::from_flag(Some("-5s")).unwrap_err().contains("negative"));
        assert!(Std::from_flag(Some("long")).unwrap_err().contains("`long` is not a length of time"));
    }
}
