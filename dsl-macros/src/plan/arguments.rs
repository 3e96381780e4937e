//! Arguments that are no value of the right kind, where the user's words say more than their types.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Expr, ExprArray, ExprCall, ExprClosure, ExprLit, ExprMethodCall, Ident, Lit, LitInt, Pat, Path, Type,
    parse_quote, parse_quote_spanned,
};

use crate::ast::Parameter;
use crate::diagnostics::in_place;
use crate::duration::{as_meant, is_unit, unit_by_word};
use crate::signposts;
use crate::vocabulary::{STEPS_OF_A_JOIN, UNDECODABLE_POLICIES, Windows, names_a_type, windows_of};
use crate::written::written;

use super::no_closure::no_closure;
use super::shape::mentions;
use super::{join, over, per_window, topic_argument, windows};

/// Puts errors in the place of arguments of an operator that cannot be what it takes.
pub(super) fn check(call: &mut ExprMethodCall, parameters: &[Parameter]) {
    let method = call.method.to_string();
    if STEPS_OF_A_JOIN.contains(&method.as_str()) {
        return join::check_step(call);
    }
    if method == "over" {
        return over::check(call, parameters);
    }
    if method == "top" {
        return per_window::check_top(call);
    }
    if let Some((argument, message)) = of_wrong_number(call, &method) {
        let error = in_place(argument, message);
        // An error stands for each argument that is missing, and is told once.
        let number = usize::from(!TAKE_NOTHING.contains(&method.as_str()));
        if number == 0 {
            *call.receiver = receiver_and(&call.receiver, &error);
        }
        call.args = std::iter::repeat_n(error, number).collect();
        return;
    }
    for argument in &mut call.args {
        let message = match method.as_str() {
            "idle" if is_word(argument, "never") => {
                Some("a partition is waited for as long as no `.idle(..)` is given: leave it out".to_owned())
            }
            "lateness" | "idle" | "ahead" | "within" => {
                without_unit(argument).or_else(|| of_another_type(argument, parameters))
            }
            "window" => {
                windows::check(argument);
                length_without_window(argument).or_else(|| foreign_window(argument))
            }
            "undecodable" => unknown_policy(argument),
            "through" => called_function(argument).or_else(|| topic_argument::of_through(argument)),
            "union" => topics_of_a_union(argument),
            "filter" | "map" | "filter_map" | "flat_map" | "inspect" | "split" | "group_by"
            | "distinct_by" => lent_key(argument, &method)
                .or_else(|| no_closure(argument, &method, parameters))
                .or_else(|| of_more_rows(argument, &method))
                .or_else(|| called_with_row(argument, &method, parameters)),
            "max_by" | "min_by" => {
                let compares =
                    |argument: &Expr| matches!(argument, Expr::Closure(closure) if closure.inputs.len() == 2);
                no_closure(argument, &method, parameters)
                    .or_else(|| compares(argument).then(|| per_window::no_comparing(&method)))
                    .or_else(|| called_with_row(argument, &method, parameters))
            }
            _ => None,
        };
        if let Some(message) = message {
            *argument = in_place(&*argument, message);
        }
    }
}

/// A function of streams that is called where its name should stand.
fn called_function(argument: &Expr) -> Option<String> {
    let Expr::Call(call) = argument else { return None };
    let function = written(&call.func);
    Some(match call.args.is_empty() {
        true => format!(
            "`.through(..)` is given the function itself, which it calls with the stream: write `.through({function})`"
        ),
        false => {
            let others = call.args.iter().map(written).collect::<Vec<_>>().join(", ");
            format!(
                "`.through(..)` is given a function of the stream alone; what else `{function}` needs is given by a closure: write \
                 `.through(|rows| {function}(rows, {others}))`"
            )
        }
    })
}

/// The name of a topic where a stream is meant, alone or in a list.
fn topics_of_a_union(argument: &Expr) -> Option<String> {
    match argument {
        Expr::Array(list) => list.elems.iter().find_map(topics_of_a_union),
        Expr::Macro(list) if list.mac.path.is_ident("vec") => {
            let streams = written(&list.mac.tokens);
            Some(format!("several streams stand in a list without `vec!`: write `[{streams}]`"))
        }
        Expr::Reference(lent) => {
            Some(format!("a stream is named as it is, without `&`: write `{}`", written(&lent.expr)))
        }
        topic => topic_argument::is_asked(topic)
            .then(|| format!("a topic is not yet a stream: write `source({})`", written(topic))),
    }
}

/// Writes a list of streams as pairs, whose parts need not be of one type: what is known of their times may differ.
pub(super) fn in_pairs(argument: &mut Expr) {
    let Expr::Array(list) = argument else { return };
    let at = list.bracket_token.span.join();
    let streams = std::mem::take(&mut list.elems).into_iter();
    *argument =
        streams.reduce(|left, right| parse_quote_spanned!(at=> (#left, #right))).unwrap_or_else(|| {
            in_place(
                &*argument,
                "a union of no streams: write those that are to come in, `left.union([second, third])`",
            )
        });
}

/// The methods without arguments.
const TAKE_NOTHING: &[&str] = &["late_drop", "per_window"];

/// A receiver, beside which an error stands.
fn receiver_and(receiver: &Expr, error: &Expr) -> Expr {
    parse_quote!({ let _: () = #error; #receiver })
}

/// The same for a function that makes a window.
pub(super) fn check_window(call: &mut ExprCall, parameters: &[Parameter]) {
    let Expr::Path(callee) = &*call.func else { return };
    let Some(windows) = windows_of(&callee.path) else { return };
    if let Some((at, message)) = of_wrong_lengths(call, windows) {
        call.args = std::iter::repeat_n(in_place(at, message), windows.example.split(',').count()).collect();
        return;
    }
    for argument in &mut call.args {
        let message = without_unit(argument).or_else(|| of_another_type(argument, parameters));
        if let Some(message) = message {
            *argument = in_place(&*argument, message);
        }
    }
}

/// A parameter in the place of a duration that is a number or a text, or a unit without its number.
fn of_another_type(argument: &Expr, parameters: &[Parameter]) -> Option<String> {
    const OTHER_TYPES: &[&str] =
        &["u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize", "f32", "f64", "String"];
    let Expr::Path(path) = argument else { return None };
    let Some(parameter) = parameters.iter().find(|parameter| path.path.is_ident(&parameter.name)) else {
        let word = path.path.get_ident()?.to_string();
        let unit = unit_by_word(&word)?;
        return (word.len() > 1).then(|| {
            format!("`{word}` is no name here, and a duration is a number with its unit: write `1{unit}`")
        });
    };
    let Type::Path(ty) = &parameter.ty else { return None };
    let ty = OTHER_TYPES.iter().find(|known| ty.path.is_ident(**known))?;
    let name = &parameter.name;
    Some(format!(
        "`{name}` is of type `{ty}`, and no duration: declare it as `{name}: Duration`, which `Duration::from_secs(60)` makes where the pipeline is \
         called"
    ))
}

/// More or fewer arguments than are meant, and where.
fn of_wrong_number(call: &ExprMethodCall, method: &str) -> Option<(TokenStream, String)> {
    let number = usize::from(!TAKE_NOTHING.contains(&method));
    let at = match call.args.iter().nth(number) {
        Some(extra) => extra.to_token_stream(),
        None if call.args.len() < number => call.method.to_token_stream(),
        None => return None,
    };
    let message = match (method, call.args.len()) {
        ("group_by", 2..) => {
            "rows are grouped by one key: several fields are a tuple, `.group_by(|row| (row.a, row.b))`"
        }
        ("group_by", _) => {
            "rows are grouped by a key: `.group_by(|row| row.key)`, and all rows together by `.group_by(|_| ())`"
        }
        ("distinct_by", _) => {
            "rows are told apart by one closure, and by several fields with a tuple: `.distinct_by(|row| (row.a, row.b)).within(1h)`"
        }
        ("within", _) => "a row counts for one duration: `.within(1h)`",
        ("window", 2..) => {
            "a window is of a kind and its lengths, such as `tumbling(1h)`, or `sliding(10m, 1m)` for overlapping ones"
        }
        ("window", _) => "a window is of a kind and a length: write `.window(tumbling(1h))`",
        ("lateness", _) => "lateness is one duration, such as `.lateness(10s)`",
        ("idle", _) => "a partition is idle after one duration, such as `.idle(30s)`",
        ("ahead", _) => "how far rows may lie in the future is one duration, such as `.ahead(1h)`",
        ("late_drop", _) => {
            "`.late_drop()` takes nothing: rows that come later than the lateness are dropped and counted"
        }
        ("per_window", _) => {
            "`.per_window()` takes nothing: which rows of each window stay is said right behind, `.per_window().max_by(|r| r.total)`"
        }
        ("max_by" | "min_by", _) => {
            "rows are compared by one closure, `.max_by(|r| r.total)`; several values are a tuple, `|r| (r.total, r.n)`"
        }
        ("undecodable", _) => {
            "what becomes of undecodable records is one of these: `.undecodable(fail)`, `.undecodable(skip)` or `.undecodable(dead_letter(Topic))`"
        }
        ("filter", _) => "a filter takes one closure, `.filter(|row| row.amount > 0)`",
        ("map", _) => "a map takes one closure, `.map(|row| Row { .. })`",
        ("flat_map", _) => {
            "a flat map takes one closure, `.flat_map(|row| ..)`, which gives any number of rows"
        }
        ("filter_map", _) => "it takes one closure, which gives an `Option`: `.filter_map(|row| row.note)`",
        ("inspect", _) => {
            "it takes one closure, which is shown each row: `.inspect(|row| eprintln!(\"{row:?}\"))`"
        }
        ("split", _) => {
            "it takes one closure, which says of each row which part it is in: `let (large, others) = rows.split(|row| row.amount > 99);`"
        }
        ("union", 2..) => "several streams stand in a list: `left.union([second, third])`",
        ("union", _) => {
            "a union takes one other stream, `left.union(right)`, or several in a list, `left.union([second, third])`"
        }
        ("through", _) => {
            "`.through(function)` takes one function from a stream to a stream; what else it needs is given by a closure, \
             `.through(|rows| function(rows, limit))`"
        }
        _ => return None,
    };
    Some((at, message.to_owned()))
}

/// A window of more or fewer lengths than its kind has, and where.
fn of_wrong_lengths(call: &ExprCall, windows: &Windows) -> Option<(TokenStream, String)> {
    let lengths = windows.example.split(',').count();
    let at = match call.args.iter().nth(lengths) {
        Some(extra) => extra.to_token_stream(),
        None if call.args.len() < lengths => call.func.to_token_stream(),
        None => return None,
    };
    let number = if lengths == 1 { "one length" } else { "two lengths, the whole and the step" };
    let message = format!("`{}` takes {number}: write `{}`", windows.name, windows.example);
    Some((at, message))
}

/// A closure of more or fewer than one row.
fn of_more_rows(argument: &Expr, method: &str) -> Option<String> {
    let Expr::Closure(closure) = argument else { return None };
    let first = row_of(closure);
    (closure.inputs.len() != 1).then(|| {
        format!(
            "the closure of `.{method}(..)` is given one row at a time: write `|{first}|`; several rows come together in a window, `.window(tumbling(1h))`, those of \
             two streams in a `.join(..)`"
        )
    })
}

/// The row's name where a closure is given something beside it, `|key, row|`: the one that the closure goes by.
fn row_of(closure: &ExprClosure) -> String {
    let named = |pattern: &&Pat| !matches!(pattern, Pat::Wild(_)) && !written(pattern).starts_with('_');
    let is_used = |pattern: &&Pat| {
        let name = match pattern {
            Pat::Type(of_type) => &*of_type.pat,
            name => name,
        };
        matches!(name, Pat::Ident(name) if mentions(&closure.body, &name.ident))
    };
    let given = || closure.inputs.iter();
    let row = given().find(is_used).or_else(|| given().rfind(named));
    row.map_or_else(|| "row".to_owned(), written)
}

/// A function that is called with a row that nothing names, `large(p)`, or with a field of one.
fn called_with_row(argument: &Expr, method: &str, parameters: &[Parameter]) -> Option<String> {
    fn root(value: &Expr) -> Option<&Ident> {
        match value {
            Expr::Path(path) => path.path.get_ident(),
            Expr::Field(field) => root(&field.base),
            Expr::Reference(lent) => root(&lent.expr),
            _ => None,
        }
    }
    let Expr::Call(call) = argument else { return None };
    let is_row = |name: &&Ident| {
        let text = name.to_string();
        text.starts_with(char::is_lowercase)
            && text != "self"
            && !parameters.iter().any(|parameter| parameter.name == **name)
    };
    let row = call.args.iter().filter_map(root).find(is_row)?;
    let is_alone = call.args.len() == 1 && matches!(&call.args[0], Expr::Path(_) | Expr::Reference(_));
    let alone = if is_alone {
        format!(", or its name alone, `.{method}({})`", written(&call.func))
    } else {
        String::new()
    };
    Some(format!(
        "a function is called by a closure, which is given each row: write `.{method}(|{row}| {})`{alone}",
        written(argument)
    ))
}

/// A key of several fields in brackets: no array is a key.
fn key_in_a_list(list: &ExprArray, method: &str) -> String {
    let fields = written(&list.elems);
    match list.elems.len() {
        0 => "there is no key in these brackets: rows that all belong together have the key `()`".to_owned(),
        1 => format!("a key of one field stands alone: write `{fields}`, without brackets"),
        _ if method == "group_by" => format!(
            "a key of several fields is a tuple: write `({fields})`, in parentheses; its parts are `w.key().0` and `w.key().1`"
        ),
        _ => format!("a key of several fields is a tuple: write `({fields})`, in parentheses"),
    }
}

/// A closure that gives back a key which is lent, or a list.
pub(super) fn lent_key(argument: &Expr, method: &str) -> Option<String> {
    if !["group_by", "distinct_by", "on"].contains(&method) {
        return None;
    }
    let Expr::Closure(closure) = argument else { return None };
    let lent = match &*closure.body {
        Expr::Reference(lent) => lent,
        Expr::Array(list) => return Some(key_in_a_list(list, method)),
        _ => return None,
    };
    let key = written(&lent.expr);
    if let Expr::Index(part) = &*lent.expr
        && matches!(&*part.index, Expr::Range(_))
    {
        return Some(format!(
            "a key is kept, and a part of a text or list is only lent: write `{key}.to_owned()`, without `&`"
        ));
    }
    Some(format!("a key is given back without `&`, and cloned for you: write `{key}`"))
}

/// An argument that is a whole number.
pub(super) fn integer(argument: &Expr) -> Option<&LitInt> {
    match argument {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => Some(number),
        _ => None,
    }
}

pub(super) fn without_unit(argument: &Expr) -> Option<String> {
    if let Some(message) = made_duration(argument) {
        return Some(message);
    }
    if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = argument {
        let length = syn::parse_str::<LitInt>(&text.value()).ok().filter(|number| is_unit(number.suffix()));
        let example = length.map_or_else(|| "10s".to_owned(), |length| length.to_string());
        return Some(format!("a duration is no text: write `{example}`, without quotes"));
    }
    let number = integer(argument).filter(|number| !is_unit(number.suffix()))?;
    let (digits, suffix) = (number.base10_digits(), number.suffix());
    if let Some(meant) = as_meant(digits, suffix).filter(|_| !suffix.is_empty()) {
        return Some(format!(
            "a duration is one number with `ms`, `s`, `m`, `h` or `d` behind it: write `{meant}`"
        ));
    }
    let what = if suffix.is_empty() {
        format!("`{digits}` is no duration yet")
    } else {
        format!("`{suffix}` is no unit of time")
    };
    Some(format!("{what}: write `{digits}ms`, `{digits}s`, `{digits}m`, `{digits}h` or `{digits}d`"))
}

/// A duration that is made of another one, or by a word.
fn made_duration(argument: &Expr) -> Option<String> {
    let is_duration = |part: &Expr| integer(part).is_some_and(|number| is_unit(number.suffix()));
    let by_word = |number: &Expr, word: &Ident| {
        let unit = unit_by_word(&word.to_string())?;
        let digits = integer(number)?.base10_digits();
        Some(format!("a duration is a number with its unit: write `{digits}{unit}`"))
    };
    match argument {
        Expr::Unary(unary) if is_duration(&unary.expr) => {
            Some("a duration here is not negative: write `0s` or more".to_owned())
        }
        Expr::Binary(sum) if is_duration(&sum.left) || is_duration(&sum.right) => Some(
            "a duration is one number with its unit, such as `90s`; one that is computed is a parameter, `fn name(length: Duration)`"
                .to_owned(),
        ),
        Expr::Call(call) => match (&*call.func, call.args.first()) {
            (Expr::Path(callee), Some(number)) => match callee.path.get_ident() {
                Some(word) => by_word(number, word),
                None => of_another_crate(&callee.path, number),
            },
            _ => None,
        },
        Expr::Assign(named) => {
            Some(format!("arguments have no names: write `{}` alone", written(&named.right)))
        }
        // `Duration.ofMinutes(5)`
        Expr::MethodCall(call) if matches!(&*call.receiver, Expr::Path(path) if names_a_type(&path.path)) => {
            let word = call.method.to_string().to_lowercase();
            let unit = unit_by_word(word.trim_start_matches("from").trim_start_matches("of").trim_start_matches('_'))?;
            let digits = integer(call.args.first()?)?.base10_digits();
            Some(format!("a duration is a number with its unit: write `{digits}{unit}`"))
        }
        Expr::MethodCall(call) => by_word(&call.receiver, &call.method),
        _ => None,
    }
}

/// A duration of the standard library or of another crate, by its path: `std::time::Duration::from_secs(10)`.
fn of_another_crate(path: &Path, number: &Expr) -> Option<String> {
    let first = path.segments.first()?.ident.to_string();
    if !["std", "core", "time", "chrono", "jiff", "tokio"].contains(&first.as_str()) {
        return None;
    }
    let word = path.segments.last()?.ident.to_string();
    let unit = word.trim_start_matches("from_");
    let unit = unit_by_word(unit)?;
    let example = integer(number)
        .map_or_else(|| "10s".to_owned(), |number| format!("{}{unit}", number.base10_digits()));
    Some(format!("a duration is written with its unit, and is of `waterwheel::Duration`: write `{example}`"))
}

fn length_without_window(argument: &Expr) -> Option<String> {
    if matches!(argument, Expr::Lit(ExprLit { lit: Lit::Str(_), .. })) {
        return Some("a window is of a kind and a length, and no text: write `tumbling(1h)`".to_owned());
    }
    if let (Expr::MethodCall(_), Some(message)) = (argument, made_duration(argument)) {
        return Some(format!("{message}, in a window, such as `tumbling(1h)`"));
    }
    let number = integer(argument)?;
    Some(match is_unit(number.suffix()) {
        true => format!("`{number}` is a length, not yet a window: write `tumbling({number})`"),
        false => format!(
            "`{number}` is not yet a window: write `every({number})` for windows of so many rows, or `tumbling(1h)` for those of a length of time"
        ),
    })
}

fn is_word(argument: &Expr, word: &str) -> bool {
    matches!(argument, Expr::Path(path) if path.path.is_ident(word))
}

/// A window by a word of another system, or one that is not there yet.
fn foreign_window(argument: &Expr) -> Option<String> {
    let path = match argument {
        Expr::Call(call) => match &*call.func {
            Expr::Path(callee) => &callee.path,
            _ => return None,
        },
        Expr::Path(path) => &path.path,
        _ => return None,
    };
    // `SlidingWindows::of(..)`: the type says more than its function.
    path.segments.iter().find_map(|word| signposts::window(&word.ident.to_string()))
}

fn unknown_policy(argument: &Expr) -> Option<String> {
    let path = match argument {
        Expr::Path(path) => path,
        Expr::Call(call) => {
            let Expr::Path(callee) = &*call.func else { return None };
            let word = callee.path.get_ident()?.to_string();
            if word == "dead_letter" {
                return None;
            }
            return Some(match UNDECODABLE_POLICIES.contains(&word.as_str()) {
                true => format!("a policy is written without a call: `undecodable({word})`"),
                false => format!(
                    "there is no `{word}(..)`: `fail` stops the run at an undecodable record, `skip` counts it and goes on, and \
                     `dead_letter(Topic)` writes it to a topic as it is"
                ),
            });
        }
        Expr::Closure(_) => {
            return Some(
                "a policy is one word and no closure: `undecodable(fail)` stops the run at an undecodable record, `undecodable(skip)` counts \
                 it and goes on"
                    .to_owned(),
            );
        }
        Expr::Lit(_) => {
            return Some(
                "a policy is a word, not a text: `undecodable(fail)` or `undecodable(skip)`".to_owned(),
            );
        }
        _ => return None,
    };
    let word = path.path.get_ident()?;
    if word == "dead_letter" {
        return Some("it is not said where the records go: write `undecodable(dead_letter(DeadLetters))`, with a topic of the format `raw`".to_owned());
    }
    if UNDECODABLE_POLICIES.iter().any(|policy| word == policy) {
        return None;
    }
    Some(format!(
        "`{word}` is not what can become of an undecodable record: `fail` stops the run at it, `skip` counts it and goes on"
    ))
}
