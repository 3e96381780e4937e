//! What stands in `source(..)` and `.sink(..)`: the name of one topic, or an error that leads to it.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::token::Paren;
use syn::{
    Expr, ExprCall, ExprLit, ExprMethodCall, Ident, Lit, Path, PathArguments, parse_quote,
    parse_quote_spanned,
};

use crate::before::topics_of_record;
use crate::diagnostics::in_place;
use crate::paths::{camel_case, runtime, runtime_aside};
use crate::signposts;
use crate::vocabulary::names_a_type;
use crate::written::written;

use super::shape::text;

/// The error that stands for a `source(..)` or a `side(..)` without a topic, if it has none.
pub(super) fn of_reader(call: &ExprCall, reader: &Ident) -> Option<Expr> {
    if let Expr::Path(callee) = &*call.func
        && let Some(PathArguments::AngleBracketed(arguments)) =
            callee.path.segments.last().map(|last| &last.arguments)
    {
        let topic = call.args.first().map_or_else(|| written(&arguments.args), written);
        return Some(in_place(arguments, format!("a topic is an argument: write `{reader}({topic})`")));
    }
    let arguments: Vec<&Expr> = call.args.iter().collect();
    if let [Expr::Lit(ExprLit { lit: Lit::Str(file), .. })] = arguments.as_slice()
        && reader == "side"
        && let Some((name, format)) = file.value().rsplit_once('.')
    {
        let topic = camel_case(&name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_"));
        let format = if format == "csv" { "csv" } else { "json" };
        return Some(in_place(
            file,
            format!(
                "a file is copied into a topic, which has its row type and key: write `side({topic}).{format}({})`",
                written(file)
            ),
        ));
    }
    let (example, several) = match reader == "side" {
        true => (
            "side(Accounts)",
            "a side table is one topic: look rows up in the other behind the `.select(..)` of the first lookup",
        ),
        false => (
            "source(Payments)",
            "a source reads one topic: make another stream of the other, and put them together, \
             `source(Payments).union(source(Refunds))`",
        ),
    };
    let (tokens, message) = wrong(&arguments, &call.func, example, several)?;
    Some(in_place(tokens, message))
}

/// Whether a method is asked of what looks like a topic's name, `Payments.filter(..)`; constants have capitals only.
pub(super) fn is_asked(receiver: &Expr) -> bool {
    match receiver {
        Expr::Path(path) => {
            let last = path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
            path.qself.is_none() && names_a_type(&path.path) && last.contains(char::is_lowercase)
        }
        _ => false,
    }
}

/// The error for it.
pub(super) fn of_method(call: &ExprMethodCall) -> Expr {
    let topic = written(&call.receiver);
    let method = call.method.to_string();
    let message = if method == "sink" || signposts::ends_a_stream(&method) {
        format!("a stream is written to a topic by a method of its own: write `stream.sink({topic})`")
    } else {
        format!("a topic is not yet a stream: write `source({topic})`, and the operators behind it")
    };
    in_place(&call.receiver, message)
}

/// The name of a topic where a function of streams is meant.
pub(super) fn of_through(argument: &Expr) -> Option<String> {
    is_asked(argument).then(|| {
        let topic = written(argument);
        format!(
            "`.through(..)` is given a function of streams, not a topic. Write the stream to the topic by `.sink({topic})`; to go on with it as well, give it a name \
             first, `let rows = ..; rows.sink({topic});`, and use `rows` again. Another pipeline reads the topic by `source({topic})`"
        )
    })
}

/// Puts an error in the place of what is no topic in a `.sink(..)` or a `.late_to(..)`.
pub(super) fn of_written(call: &mut ExprMethodCall) {
    let arguments: Vec<&Expr> = call.args.iter().collect();
    let (example, several) = match call.method == "sink" {
        true => (
            "sink(Payments)",
            "a sink writes to one topic: end the stream again for another, `rows.sink(Large); rows.sink(Copies);`",
        ),
        false => {
            ("late_to(LatePayments)", "the late records of a source go to one topic: leave the others out")
        }
    };
    let Some((tokens, message)) = wrong(&arguments, &call.method, example, several) else { return };
    call.args = std::iter::once(in_place(tokens, message)).collect();
}

/// Puts errors in the place of the arguments of a `.sink_with_headers(..)` if they are no topic and a closure.
pub(super) fn of_sink_with_headers(call: &mut ExprMethodCall) {
    let example = "sink_with_headers(Payments, |row| [(\"kind\", row.kind)])";
    let wrong = match call.args.first() {
        Some(topic) if call.args.len() == 2 => no_topic(topic, "sink_with_headers(Payments, ..)")
            .map(|message| (topic.to_token_stream(), message)),
        _ => {
            let message = format!(
                "it takes a topic and a closure that gives the headers of each row: write `.{example}`"
            );
            Some((call.method.to_token_stream(), message))
        }
    };
    if let Some((tokens, message)) = wrong {
        let error = in_place(tokens, message);
        call.args = [error.clone(), error].into_iter().collect();
    }
}

/// The policy that writes undecodable records to a topic, with an error in the place of what is no topic.
pub(super) fn of_dead_letter(policy: &mut Expr) -> Option<&mut ExprCall> {
    let Expr::Call(call) = policy else { return None };
    if !matches!(&*call.func, Expr::Path(callee) if callee.path.is_ident("dead_letter")) {
        return None;
    }
    let arguments: Vec<&Expr> = call.args.iter().collect();
    let several = "the undecodable records of a source go to one topic: leave the others out";
    if let Some((tokens, message)) = wrong(&arguments, &call.func, "dead_letter(DeadLetters)", several) {
        call.args = std::iter::once(in_place(tokens, message)).collect();
    }
    Some(call)
}

/// What is wrong with the arguments of a function that takes one topic, and where.
fn wrong(
    arguments: &[&Expr],
    function: &impl ToTokens,
    example: &str,
    several: &str,
) -> Option<(TokenStream, String)> {
    let argument = match arguments {
        [] => {
            let message = format!("a topic is missing: write its name, such as `{example}`");
            return Some((function.to_token_stream(), message));
        }
        [Expr::Array(_) | Expr::Tuple(_)] => {
            return Some((arguments[0].to_token_stream(), several.to_owned()));
        }
        [argument] => argument,
        [_, second, ..] => return Some((second.to_token_stream(), several.to_owned())),
    };
    no_topic(argument, example).map(|message| (argument.to_token_stream(), message))
}

fn no_topic(argument: &Expr, example: &str) -> Option<String> {
    match argument {
        Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => {
            let name = name.value();
            let topic = camel_case(&name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_"));
            Some(format!(
                "a topic is named by its type, not by its name in the log: write `{topic}`, declared as `topics! {{ \
                 {topic}(\"{name}\"): Row {{ .. }} }}`"
            ))
        }
        Expr::Reference(reference) => {
            Some(format!("a topic is named as it is, without `&`: write `{}`", written(&reference.expr)))
        }
        Expr::Path(path) => {
            let word = path.path.get_ident()?.to_string();
            (word.starts_with(char::is_lowercase)).then(|| {
                format!(
                    "`{word}` is no topic: a topic is a type that `topics!` declares, such as `{}` in `topics! {{ {0}(\"{word}\"): \
                     Row {{ .. }} }}`",
                    camel_case(&word)
                )
            })
        }
        Expr::Call(call) => match &*call.func {
            Expr::Path(callee) if names_a_type(&callee.path) => {
                Some(format!("a topic is named, not made: write `{}` alone", written(&callee.path)))
            }
            Expr::Path(callee) if callee.path.is_ident("upsert") => Some(
                "tables, which change, are not there yet: a stream's rows are added to a topic, `.sink(Topic)`".to_owned(),
            ),
            _ => None,
        },
        Expr::Struct(record) => {
            Some(format!("a topic is named, not made: write `{}` alone", written(&record.path)))
        }
        Expr::Closure(_) | Expr::Macro(_) | Expr::Lit(_) | Expr::Tuple(_) => {
            Some(format!("this is no topic: write the name of one, such as `{example}`"))
        }
        _ => None,
    }
}

/// Emits the name of a topic as the type that it is. It also stands in the pipeline's list of topics, as a type, and one
/// mistake in it shall be one error. What is added has the span of the parentheses: an editor that looks for what stands at
/// the name finds the topic alone.
pub(super) fn named(argument: &mut Expr, parentheses: Paren, topics: &mut Vec<Path>) {
    let Expr::Path(path) = &*argument else { return };
    if path.qself.is_some() || !names_a_type(&path.path) {
        return;
    }
    let path = path.path.clone();
    if !topics.iter().any(|known| text(known) == text(&path)) {
        topics.push(path.clone());
    }
    let at = path.segments.last().map_or_else(Span::call_site, |last| last.ident.span());
    let topic = runtime_aside(at, parentheses.span.open(), &["topic"]);
    *argument = match rows_instead(&path) {
        Some(topics) => topic_told(&path, &topics, &topic),
        None => parse_quote_spanned!(at=> #topic::<#path>()),
    };
}

/// The topics of a record, as far as they are known, whose name stands where a topic is meant. It may be a topic for all that, which is declared
/// elsewhere.
pub(super) fn rows_instead(path: &Path) -> Option<Vec<String>> {
    path.segments.last().and_then(|last| topics_of_record(&last.ident))
}

/// The topic that the name stands for, if it is one: if not, rustc says what it is, and what is meant.
fn topic_told(path: &Path, topics: &[String], topic: &TokenStream) -> Expr {
    let name = written(path);
    let new = path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
    let message = format!("`{name}` is the type of rows, and no topic");
    let (label, note) = match topics {
        [] => (
            "a topic is meant".to_owned(),
            format!(
                "declare a topic of such rows, `topics! {{{{ {new}s(\"..\"): {name} {{{{ .. }}}} }}}}`, and write its name"
            ),
        ),
        [one] => (format!("write `{one}`"), format!("the topic of `{name}` rows is `{one}`")),
        [several @ .., last] => {
            let several: Vec<String> = several.iter().map(|one| format!("`{one}`")).collect();
            let several = several.join(", ");
            (
                "write the name of a topic".to_owned(),
                format!("topics of `{name}` rows are {several} and `{last}`"),
            )
        }
    };
    let (at, rt) = (path.span(), runtime(Span::call_site()));
    let checked = quote_spanned!(at=> __is_topic::<#path>());
    // Where it is none, neither is its type, so that nothing else is wrong with it.
    parse_quote! {
        {
            #[diagnostic::on_unimplemented(message = #message, label = #label, note = #note)]
            trait __IsTopic {}
            #[diagnostic::do_not_recommend]
            impl<__P: #rt::NamesTopic> __IsTopic for __P {}
            const fn __is_topic<__P: __IsTopic>() -> usize {
                1
            }
            #topic::<<[(); #checked] as #rt::Itself<#path>>::Type>()
        }
    }
}
