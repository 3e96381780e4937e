//! What the value of a `let` looks like: a stream, something that cannot be one, or something of which only the type tells.

use syn::{BinOp, Expr, ExprMethodCall, Ident, Type, UnOp};

use super::{LetPattern, LetStatement, Parameter};

/// What is said of a `split` whose parts are given no names.
pub(crate) const PARTS_HAVE_NAMES: &str = "`.split(..)` gives several streams, which are named in a `let` of their own: `let (large, others) = \
    rows.split(|row| row.amount > 99);`, and one that nobody needs is `_`";

impl LetStatement {
    /// The error for a value that cannot be a stream, whatever its parts are, in the pipeline of that name.
    pub(crate) fn refused(&self, pipeline: &Ident) -> Option<syn::Error> {
        let name = match (&self.pattern, is_split(&self.value)) {
            (LetPattern::Name(name), None) => name,
            (LetPattern::Name(_), Some(split)) => {
                return Some(syn::Error::new_spanned(&split.method, PARTS_HAVE_NAMES));
            }
            (LetPattern::Parts { pattern, names }, Some(split)) => {
                let parts = split.args.first().and_then(parts_of).filter(|parts| *parts != names.len())?;
                let message = format!(
                    "this `.split(..)` gives {parts} streams, and here are {} names: each stream has one, and one that nobody needs is `_`",
                    names.len()
                );
                return Some(syn::Error::new_spanned(pattern, message));
            }
            (LetPattern::Parts { pattern, .. }, None) => {
                let message = "several names are for the parts of a `.split(..)`, `let (large, others) = rows.split(|row| row.amount > 99);`: \
                               each other stream has a `let` of its own";
                return Some(syn::Error::new_spanned(pattern, message));
            }
        };
        if let Some(Type::Path(ty)) = &self.ty
            && let Some(last) = ty.path.segments.last()
            && OTHER_STREAMS.iter().any(|other| last.ident == other)
        {
            let message = format!(
                "a stream is a `Stream<Payment>`, and its type need not be written: write `let {name} = ..`"
            );
            return Some(syn::Error::new_spanned(&last.ident, message));
        }
        if let Expr::Macro(call) = &self.value
            && call.mac.path.is_ident("dbg")
        {
            let message = "a stream is a number in the plan, and has no rows to print here: leave `dbg!` out, and look at the rows in a \
                           topic, `.sink(Topic)`";
            return Some(syn::Error::new_spanned(&call.mac.path, message));
        }
        if let Expr::Reference(lent) = &self.value
            && let Expr::Path(stream) = &*lent.expr
            && let Some(stream) = stream.path.get_ident()
        {
            let message = format!(
                "a stream is used as often as it is named: write `{stream}` where `{name}` stands, and leave this `let` out"
            );
            return Some(syn::Error::new_spanned(lent.and_token, message));
        }
        if let Expr::Path(topic) = &self.value
            && let Some(last) = topic.path.segments.last().map(|last| last.ident.to_string())
            && last.starts_with(char::is_uppercase)
            && last.contains(char::is_lowercase)
        {
            let message = format!(
                "a topic is not yet a stream: write `source({last})` for its rows; where a topic is written to, it stands by its own name, \
                 `.sink({last})`"
            );
            return Some(syn::Error::new_spanned(&self.value, message));
        }
        is_no_stream(&self.value).then(|| {
            let message = format!(
                "a `let` of a pipeline names a stream, and this is none. A value that decides about rows is a parameter, `fn \
                 {pipeline}({name}: ..)`: it is then kept with the state, and a change of it is seen. One that a single closure \
                 needs stands inside of that closure"
            );
            syn::Error::new_spanned(&self.value, message)
        })
    }

    /// Whether only its type tells if the value is a stream: it looks like none that cannot be one, and begins neither with a source
    /// nor with a stream. What operators make of a stream is a stream, or already wrong.
    pub(crate) fn asks_for_type(&self, parameters: &[Parameter]) -> bool {
        if is_no_stream(&self.value) || is_split(&self.value).is_some() {
            return false;
        }
        match beginning(&self.value) {
            Expr::Path(path) => parameters.iter().any(|parameter| path.path.is_ident(&parameter.name)),
            Expr::Call(call) => !reads_a_topic(&call.func),
            Expr::Lit(_) | Expr::Macro(_) => true,
            _ => false,
        }
    }
}

/// What other systems call a stream, and what is taken for one.
const OTHER_STREAMS: &[&str] = &[
    "KStream",
    "KTable",
    "DataStream",
    "SingleOutputStreamOperator",
    "KeyedStream",
    "DataFrame",
    "Dataset",
    "Table",
    "Flux",
    "Observable",
    "Iterator",
    "Vec",
];

/// Whether the last thing that a value does is to split a stream.
fn is_split(value: &Expr) -> Option<&ExprMethodCall> {
    match value {
        Expr::MethodCall(call) => (call.method == "split").then_some(call),
        Expr::Paren(inner) => is_split(&inner.expr),
        Expr::Group(inner) => is_split(&inner.expr),
        _ => None,
    }
}

/// How many streams the closure of a `split` tells apart, where its shape says so.
fn parts_of(closure: &Expr) -> Option<usize> {
    let Expr::Closure(closure) = closure else { return None };
    match &*closure.body {
        Expr::Tuple(tuple) => Some(tuple.elems.len()),
        Expr::Binary(binary) => matches!(
            binary.op,
            BinOp::Lt(_)
                | BinOp::Le(_)
                | BinOp::Gt(_)
                | BinOp::Ge(_)
                | BinOp::Eq(_)
                | BinOp::Ne(_)
                | BinOp::And(_)
                | BinOp::Or(_)
        )
        .then_some(2),
        Expr::Unary(unary) => matches!(unary.op, UnOp::Not(_)).then_some(2),
        _ => None,
    }
}

/// What the chain of methods begins with.
fn beginning(value: &Expr) -> &Expr {
    match value {
        Expr::MethodCall(call) => beginning(&call.receiver),
        Expr::Field(field) => beginning(&field.base),
        Expr::Paren(inner) => beginning(&inner.expr),
        Expr::Group(inner) => beginning(&inner.expr),
        other => other,
    }
}

/// Whether a function makes a stream or a side table of a topic.
fn reads_a_topic(function: &Expr) -> bool {
    matches!(function, Expr::Path(path) if path.path.is_ident("source") || path.path.is_ident("side"))
}

fn is_no_stream(value: &Expr) -> bool {
    match value {
        Expr::Paren(inner) => is_no_stream(&inner.expr),
        Expr::Group(inner) => is_no_stream(&inner.expr),
        Expr::Array(_)
        | Expr::Binary(_)
        | Expr::Cast(_)
        | Expr::Closure(_)
        | Expr::Lit(_)
        | Expr::Range(_)
        | Expr::Reference(_)
        | Expr::Repeat(_)
        | Expr::Struct(_)
        | Expr::Tuple(_)
        | Expr::Unary(_) => true,
        Expr::Macro(call) => OF_VALUES.iter().any(|name| call.mac.path.is_ident(name)),
        _ => false,
    }
}

/// The macros of `std` that give values.
const OF_VALUES: &[&str] = &["concat", "env", "format", "include_str", "matches", "option_env", "vec"];
