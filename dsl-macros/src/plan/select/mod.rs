//! The `.select(|w, p| Row { n: count(), total: sum(p.amount) })` of a window, taken apart into two calls.
//!
//! The first, `.aggregates(..)`, names the aggregates, each with the value it takes from a row; the second, `.select(..)`,
//! puts their results where they stood:
//!
//! ```text
//! .aggregates(|rows| (rows.aggregate(count(), |_| ()), (rows.aggregate(sum(), |p| p.amount.clone()), ())))
//! .select(|w, (a0, (a1, ()))| Row { n: a0, total: a1 })
//! ```
//!
//! An aggregate that is written twice is computed once.
//!
//! The `.select(|p, w| Row { card: p.card, mean: mean(w.amount) })` of `.over(..)` is taken apart in the same way: aggregates take their
//! values from the second of the two there, too. The first is a row, whose fields are cloned.

mod given;
mod mistakes;
mod parts;

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Expr, ExprCall, ExprClosure, ExprLit, ExprMethodCall, FieldValue, Ident, Lit, LitInt, Pat, Stmt, Token,
    parse_quote, parse_quote_spanned,
};

use crate::diagnostics::{error_expression, in_place};
use crate::paths::runtime_aside;
use crate::vocabulary::{
    Takes, is_aggregate, is_aggregate_name, is_missing_aggregate, names_a_type, similar, taken_by,
};
use crate::written::written;

use super::closure::{self, Closures, clone_result, parameter_clone, parameter_of, written_closure};
use super::reads::told_reads;
use super::row_closure::names_in;
use super::row_value;
use super::shape::{self, field_path, mentions, text};
use super::siblings;
use super::{Reads, Text, constants, fields};
use mistakes::{bare, bare_of_frame, in_other_letters, of_an_aggregate, of_the_row, renamed};
use parts::{Parts, parts};

/// What a `.select(..)` makes a row of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// Of each window: `|w, p|`.
    Window,
    /// Of each row that looks back over others: `|p, w|`.
    Frame,
}

/// Makes two calls of one; gives also the aggregates and the whole closure as the user wrote them.
pub(super) fn rewrite(call: &ExprMethodCall, of: Of, closures: Closures) -> (Expr, Vec<Text>) {
    let parts = match parts(call, of) {
        Ok(parts) => parts,
        Err(error) => {
            let error = error_expression(&error);
            let receiver = &call.receiver;
            return (parse_quote!({ let _ = #receiver; #error }), Vec::new());
        }
    };
    let Parts { window, row, row_pattern, closure } = parts;
    let swapped = (of == Of::Frame).then(|| mistakes::swapped(closure, window, row)).flatten();
    let is_parameter = |name: &Ident| closures.parameters.iter().any(|parameter| parameter.name == *name);
    let sibling = || siblings::mistake(closure, is_parameter).map(|(at, message)| in_place(at, message));
    if let Some(error) = swapped.or_else(|| mistakes::row_or_none(&closure.body)).or_else(sibling) {
        let receiver = &call.receiver;
        return (parse_quote!({ let _ = #receiver; #error }), Vec::new());
    }
    let mut body = (*closure.body).clone();
    let typed = matches!(row_pattern, Pat::Type(_)).then_some(row_pattern);
    let mut known = names_in(closure);
    known.extend(closures.parameters.iter().map(|parameter| parameter.name.clone()));
    let mut extract =
        Extract { of, window, row, typed, closures, known, aggregates: Vec::new(), shared: Vec::new() };
    extract.visit_expr_mut(&mut body);
    let Extract { aggregates, shared, .. } = extract;
    CloneShared { shared }.visit_expr_mut(&mut body);
    if let (Of::Frame, Some(row)) = (of, window) {
        // Before the checks, behind which what the closure gives back is not seen any more.
        clone_result(&mut body, std::slice::from_ref(row));
    }
    let names: Vec<&str> = aggregates.iter().map(|aggregate| aggregate.name.as_str()).collect();
    let of_window = |value: &Expr| fields::of_window(value).filter(|_| of == Of::Window);
    let bound = |value: &mut Expr| fields::of_aggregates(value, &names).or_else(|| of_window(value));
    body = fields::checked(body, bound, call.dot_token.span);

    let texts = texts(&Expr::Closure(closure.clone()), &aggregates);
    // Results have the spans of their aggregates, and so has the list: whatever rustc says of one, it says there.
    let (mut results, mut list) = (quote!(()), quote!(()));
    for (number, Extracted { call, at, aside, .. }) in aggregates.iter().enumerate().rev() {
        let result = result_name(number, *aside);
        results = quote_spanned!(*at=> (#result, #results));
        list = quote_spanned!(*at=> (#call, #list));
    }
    let mut outer = closure.clone();
    outer.inputs.pop();
    if !outer.inputs.trailing_punct() {
        outer.inputs.push_punct(Token![,](Span::mixed_site()));
    }
    outer.inputs.push_value(parse_quote!(#results));
    *outer.body = body;
    let outer = closures.owned(outer);

    let ExprMethodCall { receiver, dot_token, method, .. } = call;
    let name = Ident::new("aggregates", dot_token.span);
    let rows = rows_name(dot_token.span);
    let select: Expr = parse_quote_spanned!(method.span()=> #receiver.#name(|#rows| #list).#method(#outer));
    if of == Of::Frame {
        // Its rows are kept whole, and it says so itself.
        return (select, texts);
    }
    let reads = row.map_or(Reads::Fields(BTreeSet::new()), |row| {
        Reads::of_values(row, aggregates.iter().map(|aggregate| &aggregate.source))
    });
    (told_reads(&select, &reads, call.paren_token.span.close()), texts)
}

/// What is kept of a `.select(..)`: the aggregates, as the state is made by them, and the whole closure.
fn texts(closure: &Expr, aggregates: &[Extracted]) -> Vec<Text> {
    let mut texts = Vec::new();
    if !aggregates.is_empty() {
        let text: Vec<&str> = aggregates.iter().map(|aggregate| aggregate.text.as_str()).collect();
        let constants = constants::named_in_all(aggregates.iter().map(|aggregate| &aggregate.source));
        texts.push(Text { of: "aggregates".to_owned(), text: text.join(", "), constants });
    }
    let (text, constants) = (written_closure(closure), constants::named_in(closure));
    texts.push(Text { of: "select".to_owned(), text, constants });
    texts
}

/// Takes the aggregates out of an expression, and leaves the names of their results.
struct Extract<'a> {
    of: Of,
    window: Option<&'a Ident>,
    row: Option<&'a Ident>,
    /// The row with the type that the user gave it, until it has been emitted.
    typed: Option<&'a Pat>,
    closures: Closures<'a>,
    /// What has a name in the closure: its parameters, the pipeline's, and what it names itself.
    known: Vec<Ident>,
    aggregates: Vec<Extracted>,
    /// The results that are used more than once.
    shared: Vec<Ident>,
}

struct Extracted {
    /// As the user wrote it.
    source: Expr,
    text: String,
    /// The name of a built-in aggregate; empty for one of the user's own.
    name: String,
    /// The call that names it.
    call: TokenStream,
    /// Where the name of the aggregate is, and the bracket behind it.
    at: Span,
    aside: Span,
}

impl VisitMut for Extract<'_> {
    fn visit_field_value_mut(&mut self, field: &mut FieldValue) {
        // Another word may be half of one, which an editor is asked to complete.
        let is_meant = |value: &Expr| {
            let name = text(value);
            (field.member.to_token_stream().to_string() == name && !is_aggregate_name(&name))
                || (self.of == Of::Window
                    && ["key", "start", "end"].contains(&name.trim_start_matches("window_")))
        };
        let error = Some(&field.expr).filter(|value| is_meant(value)).and_then(|value| self.no_name(value));
        let error = error.or_else(|| self.whole_window(&field.expr)).or_else(|| self.leaves(&field.expr));
        if let Some(error) = error {
            field.colon_token.get_or_insert_with(|| Token![:](Span::call_site()));
            field.expr = error;
            return;
        }
        visit_mut::visit_field_value_mut(self, field);
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if let Expr::Call(call) = expr
            && let Some(error) = self.of_wrong_number(call)
        {
            *expr = error;
            return;
        }
        if let Expr::Call(call) = expr
            && self.is_aggregate(call)
        {
            *expr = self.extract(call);
            return;
        }
        if let Some(error) = self.mistake(expr) {
            *expr = error;
            return;
        }
        if let Expr::Call(call) = expr
            && let Some(name) = in_other_letters(call)
        {
            let message = format!("aggregates are written in small letters: `{name}(..)`");
            *expr = in_place(&call.func, message);
            return;
        }
        if let Some(row) = self.row
            && let Some(path) = field_path(expr, std::slice::from_ref(row))
        {
            let written = written(expr);
            let message = match self.of {
                Of::Window => bare(&written, path.dot.is_some()),
                Of::Frame => bare_of_frame(&written, row, self.window),
            };
            *expr = in_place(&*expr, message);
            return;
        }
        if let Expr::Macro(call) = &*expr
            && (self.mentions_row(expr) || calls_aggregate(call.mac.tokens.clone()))
        {
            let message = "a macro call is not looked into: what it needs of the rows are aggregates, such as `last(p.shop)`, which stand in \
                           fields of the record, and the text or list is made of these behind, with `.map(..)`";
            *expr = in_place(&*expr, message);
            return;
        }
        visit_mut::visit_expr_mut(self, expr);
        if matches!(expr, Expr::Binary(_)) {
            let names: Vec<&str> = self.aggregates.iter().map(|aggregate| aggregate.name.as_str()).collect();
            fields::arithmetic(expr, self.closures.parameters, &names);
        }
    }
}

impl Extract<'_> {
    /// The error for what is said of aggregates, the window or the row in a way that there is not.
    fn mistake(&self, expr: &Expr) -> Option<Expr> {
        match expr {
            Expr::Try(question) => self.question_mark(question),
            Expr::Cast(cast) => renamed(cast),
            Expr::Binary(binary) => self.without_a_value(binary),
            Expr::MethodCall(call) => of_an_aggregate(call)
                .or_else(|| self.aggregate_by_method(call))
                .or_else(|| self.no_property(call)),
            _ => None,
        }
    }

    fn mentions_row(&self, expr: &Expr) -> bool {
        self.row.is_some_and(|row| mentions(expr, row))
    }

    /// A built-in aggregate by its name, or a user's by what it is given: something of the row. A call around an
    /// aggregate is an ordinary one, and so is one that makes a value of a type, such as `Some(..)` or `f64::from(..)`.
    fn is_aggregate(&self, call: &ExprCall) -> bool {
        if is_aggregate(call) {
            return true;
        }
        let Expr::Path(callee) = &*call.func else { return false };
        let of_a_type =
            callee.path.segments.iter().rev().nth(1).is_some_and(|owner| is_type_name(&owner.ident));
        !names_a_type(&callee.path)
            && !of_a_type
            && call.args.iter().any(|argument| self.mentions_row(argument))
            && !call.args.iter().any(contains_aggregate)
    }

    /// Turns `quantile(p.amount, 0.9)` into `rows.aggregate(quantile(0.9), |p| p.amount)`.
    fn extract(&mut self, call: &ExprCall) -> Expr {
        let (at, aside) = (call.func.span(), call.paren_token.span.open());
        let text = written(call);
        let earlier = self.aggregates.iter().position(|earlier| earlier.text == text);
        let number = earlier.unwrap_or(self.aggregates.len());
        let result = result_name(number, aside);
        if earlier.is_some() {
            self.shared.push(result.clone());
        } else {
            let name = if is_aggregate(call) { shape::text(&call.func) } else { String::new() };
            let source = Expr::Call(call.clone());
            let call = self.call(call);
            self.aggregates.push(Extracted { source, text, name, call, at, aside });
        }
        // A call in the place of the user's: what rustc has to say of the result, it says of `sum(p.amount)`.
        let function = runtime_aside(at, aside, &["result"]);
        Expr::Call(ExprCall {
            attrs: Vec::new(),
            func: parse_quote!(#function),
            paren_token: call.paren_token,
            args: parse_quote!(#result),
        })
    }

    fn call(&mut self, call: &ExprCall) -> TokenStream {
        let known = is_aggregate(call);
        let arguments: Vec<Expr> = call.args.iter().cloned().collect();
        let (values, settings): (Vec<Expr>, Vec<Expr>) =
            match known.then(|| taken_by(&text(&call.func))).flatten() {
                Some(takes) => {
                    let (settings, values): (Vec<_>, Vec<_>) =
                        arguments.into_iter().zip(takes).partition(|(_, takes)| **takes == Takes::Setting);
                    let only = |arguments: Vec<(Expr, &Takes)>| {
                        arguments.into_iter().map(|(argument, _)| argument).collect()
                    };
                    (only(values), only(settings))
                }
                None => {
                    let values = arguments.iter().take_while(|argument| self.mentions_row(argument)).count();
                    let (values, settings) = arguments.split_at(values);
                    (values.to_vec(), settings.to_vec())
                }
            };
        let (at, aside) = (call.func.span(), call.paren_token.span.open());
        let function = &call.func;
        let is_function = settings.is_empty();
        let settings: Vec<Expr> = settings.into_iter().map(|setting| self.setting(setting)).collect();
        let constructor = match known {
            // Named by its full path: `max` may well be another function where the pipeline stands.
            true => {
                let aggregates = runtime_aside(at, aside, &["aggregates"]);
                quote_spanned!(at=> #aggregates::#function(#(#settings),*))
            }
            // As a value: what is no function without arguments is then no aggregate, instead of a call that lacks some.
            false if is_function && !is_missing(function) => {
                let of = runtime_aside(at, aside, &["AggregateOf", "function"]);
                let make = Ident::new("make", at);
                quote_spanned!(at=> #of(#function).#make())
            }
            false => quote_spanned!(at=> #function(#(#settings),*)),
        };
        let mut values = values;
        let is_conditional =
            known && taken_by(&text(function)).is_some_and(|takes| takes.last() == Some(&Takes::Condition));
        if let (true, [_, _]) = (is_conditional, &*values) {
            self.value_if(&mut values, aside);
        } else if is_conditional {
            values
                .iter_mut()
                .skip(1)
                .next_back()
                .into_iter()
                .for_each(|value| closure::condition_by_field(value, self.row));
        }
        if known && matches!(text(function).as_str(), "sum" | "sum_if") {
            values.iter_mut().take(1).for_each(numbers_of_a_choice);
        }
        let value = self.value(values, at);
        let (rows, aggregate) = (rows_name(aside), Ident::new("aggregate", aside));
        quote_spanned!(at=> #rows.#aggregate(#constructor, #value))
    }

    /// A value and the condition behind it, asked together whether they are these: who writes the condition first has one error.
    fn value_if(&self, values: &mut Vec<Expr>, aside: Span) {
        let rows: Vec<Ident> = self.row.into_iter().cloned().collect();
        values.iter_mut().for_each(|value| clone_result(value, &rows));
        if let [value, condition] = &**values {
            let at = condition.span();
            let of = runtime_aside(at, aside, &["arithmetic", "ConditionOf", "of"]);
            *values = vec![parse_quote_spanned!(at=> #of(#condition, #value))];
        }
    }

    /// The closure that takes an aggregate's values from a row.
    fn value(&mut self, values: Vec<Expr>, at: Span) -> Expr {
        let window = self.window.filter(|window| values.iter().any(|value| mentions(value, window)));
        if let Some(window) = window {
            let message = match self.of {
                Of::Window => format!(
                    "an aggregate takes its value from one row, which does not know its window: use `{window}` outside of it"
                ),
                Of::Frame => of_the_row(window, self.row, &values),
            };
            let error = in_place(window_use(&values, window), message);
            return parse_quote!(move |_| #error);
        }
        let Some(row) = self.row.filter(|_| !values.is_empty()) else { return parse_quote!(move |_| ()) };
        let body: Expr = match values.as_slice() {
            [value] => value.clone(),
            several => parse_quote!((#(#several),*)),
        };
        let row = match values.iter().any(|value| self.mentions_row(value)) {
            true => self.typed.take().map_or_else(|| quote!(#row), |typed| quote!(#typed)),
            false => quote!(_),
        };
        let mut closure: ExprClosure = parse_quote_spanned!(at=> move |#row| #body);
        if let Some((at, message)) = row_value::mistake(&closure) {
            *closure.body = in_place(at, message);
        }
        self.closures.over_rows(closure)
    }

    fn setting(&self, setting: Expr) -> Expr {
        match parameter_of(&setting, self.closures.parameters) {
            Some(parameter) => parameter_clone(parameter, setting.span()),
            None => setting,
        }
    }
}

/// Gives the numbers of `if p.paid { 1 } else { 0 }` the type that they have in a sum anyway, so that rustc knows what it gives before it
/// looks at the field.
fn numbers_of_a_choice(value: &mut Expr) {
    let Expr::If(choice) = value else { return };
    let Some((_, otherwise)) = &mut choice.else_branch else { return };
    let Expr::Block(otherwise) = &mut **otherwise else { return };
    let mut numbers = [choice.then_branch.stmts.as_mut_slice(), otherwise.block.stmts.as_mut_slice()];
    let are_plain = numbers.iter().all(|statements| {
        matches!(&**statements, [Stmt::Expr(Expr::Lit(ExprLit { lit: Lit::Int(number), .. }), None)] if number.suffix().is_empty())
    });
    for statements in numbers.iter_mut().filter(|_| are_plain) {
        if let [Stmt::Expr(Expr::Lit(ExprLit { lit: Lit::Int(number), .. }), None)] = &mut **statements {
            *number = LitInt::new(&format!("{}i32", number.base10_digits()), number.span());
        }
    }
}

/// Whether a function is one of those whose type alone is an error already.
fn is_missing(function: &Expr) -> bool {
    is_missing_aggregate(&text(function))
}

/// Whether tokens call a built-in aggregate: `count()`.
fn calls_aggregate(tokens: TokenStream) -> bool {
    let mut before = None;
    tokens.into_iter().any(|token| {
        let found = match &token {
            TokenTree::Group(group) => {
                let called = group.delimiter() == Delimiter::Parenthesis
                    && matches!(&before, Some(TokenTree::Ident(name)) if is_aggregate_name(&name.to_string()));
                called || calls_aggregate(group.stream())
            }
            _ => false,
        };
        before = Some(token);
        found
    })
}

/// Clones results that are used more than once.
struct CloneShared {
    shared: Vec<Ident>,
}

impl VisitMut for CloneShared {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Path(path) if path.path.get_ident().is_some_and(|name| self.shared.contains(name)) => {
                let clone = Ident::new("clone", path.span());
                *expr = parse_quote_spanned!(path.span()=> #expr.#clone());
            }
            _ => visit_mut::visit_expr_mut(self, expr),
        }
    }
}

fn window_use<'a>(values: &'a [Expr], window: &Ident) -> Option<&'a Expr> {
    values.iter().find(|value| mentions(value, window))
}

fn is_type_name(name: &Ident) -> bool {
    let name = name.to_string();
    const PRIMITIVES: &[&str] = &[
        "bool", "char", "str", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128",
        "usize", "f32", "f64",
    ];
    name.starts_with(char::is_uppercase) || PRIMITIVES.contains(&name.as_str())
}

fn contains_aggregate(expr: &Expr) -> bool {
    struct Search {
        found: bool,
    }
    impl<'a> Visit<'a> for Search {
        fn visit_expr_call(&mut self, call: &'a ExprCall) {
            self.found |= is_aggregate(call);
            visit::visit_expr_call(self, call);
        }
    }
    let mut search = Search { found: false };
    search.visit_expr(expr);
    search.found
}

/// The result of an aggregate.
pub(super) fn result_name(number: usize, span: Span) -> Ident {
    format_ident!("__a{}", number, span = span)
}

fn rows_name(span: Span) -> Ident {
    Ident::new("__rows", span)
}

/// Whether the call is of `select` by the looks of it: its aggregates need not be told of, then.
pub(super) fn is_mistyped(call: &ExprMethodCall) -> bool {
    let takes_two = matches!(call.args.first(), Some(Expr::Closure(closure)) if closure.inputs.len() == 2);
    takes_two && call.method != "select" && similar(&call.method.to_string(), &["select"]).is_some()
}
