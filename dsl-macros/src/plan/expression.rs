//! The expression of one statement: a chain of operators, to which the macro adds what a builder cannot.
//!
//! Added are: the names of topics as types, `.stream()` after the last setting of a source, durations, and clones of the
//! parameters that are passed on. Closures over rows are made ready by [`closure`](super::closure), and the closure of
//! `.select(..)` is taken apart by [`select`](super::select).

use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprCall, ExprClosure, ExprMethodCall, Ident, Lit, Path, parse_quote, parse_quote_spanned};

use crate::ast::{PARTS_HAVE_NAMES, Parameter};
use crate::diagnostics::{error_expression, in_place};
use crate::duration::{Duration, of_fraction};
use crate::paths::runtime_aside;
use crate::signposts;
use crate::vocabulary::{READERS, TAKE_A_LENGTH, TAKE_FUNCTIONS, is_aggregate, is_call_of};
use crate::written::written;

use super::as_function::as_function;
use super::closure::{Closures, parameter_clone, parameter_length, parameter_of, written_closure};
use super::names::Names;
use super::no_closure::name_for_a_closure;
use super::reads::told_reads;
use super::shape::{
    belongs_to_stream, binder, is_chain_of_operators, is_source_chain, last_token, source_stream,
};
use super::{
    Reads, Text, arguments, chance, constants, join, meant, missing, over, per_window, row_closure, select,
    topic_argument, windows,
};

/// Rewrites the expressions of a pipeline, one after the other.
pub(super) struct Rewrite<'a> {
    parameters: &'a [Parameter],
    names: Names,
    reads: Vec<Path>,
    writes: Vec<Path>,
    /// Those of the statement so far.
    texts: Vec<Text>,
    /// What the expression at hand is an argument of.
    argument_of: String,
    /// Which rows may be missing that a `.select(..)` at hand is given.
    may_miss: (bool, bool),
}

impl<'a> Rewrite<'a> {
    pub(super) fn new(parameters: &'a [Parameter], names: Names) -> Self {
        let (reads, writes, texts) = (Vec::new(), Vec::new(), Vec::new());
        let (argument_of, may_miss) = (String::new(), (false, false));
        Rewrite { parameters, names, reads, writes, texts, argument_of, may_miss }
    }

    /// Rewrites what a statement evaluates, which is then known by `names`; gives also what its nodes are told.
    pub(super) fn statement(
        &mut self,
        names: &[&Ident],
        mut value: Expr,
        is_stream: bool,
    ) -> (Expr, Vec<Text>) {
        chance::refuse(&mut value);
        let question_mark = self.names.take_question_mark(&mut value);
        // What cannot be there has an error already.
        let question_mark = question_mark.filter(|_| !self.is_refused(&value));
        let given = self.names.given(&value, is_stream);
        self.visit_expr_mut(&mut value);
        if let Some(error) = question_mark {
            value = parse_quote!({ let _ = #value; #error });
        }
        names.iter().for_each(|name| self.names.give(name, given));
        let mut texts = std::mem::take(&mut self.texts);
        // A parameter is none, however it is written.
        let is_parameter =
            |path: &Path| self.parameters.iter().any(|parameter| path.is_ident(&parameter.name));
        texts.iter_mut().for_each(|text| text.constants.retain(|path| !is_parameter(path)));
        (value, texts)
    }

    /// The topics that were read and written.
    pub(super) fn into_topics(self) -> (Vec<Path>, Vec<Path>) {
        (self.reads, self.writes)
    }

    /// Those of the pipeline.
    pub(super) fn parameters(&self) -> &'a [Parameter] {
        self.parameters
    }

    fn closures(&self) -> Closures<'a> {
        Closures { parameters: self.parameters }
    }

    /// Rewrites `source(..)` with its settings, without making a stream of it yet.
    fn source(&mut self, expr: &mut Expr) {
        match expr {
            Expr::MethodCall(call) => {
                self.source(&mut call.receiver);
                self.arguments(call);
            }
            Expr::Call(call) => match as_function(call) {
                Some(error) => *expr = error,
                None => self.call(call),
            },
            _ => {}
        }
    }

    fn method_call(&mut self, call: &mut ExprMethodCall) {
        if is_source_chain(&call.receiver) && !belongs_to_stream(&call.method) {
            // A mistyped setting or a half-typed name: left on the source, for rustc and editors to look there.
            self.source(&mut call.receiver);
        } else if let Some(error) = self.names.unknown(&call.receiver) {
            *call.receiver = error;
        } else {
            self.visit_expr_mut(&mut call.receiver);
        }
        self.arguments(call);
    }

    /// The error for a method that a stream, a group or a window does not have, where there is more to say than that. The
    /// receiver stays, for editors.
    fn signpost(&mut self, call: &mut ExprMethodCall) -> Option<Expr> {
        let message = self.said_of(call)?;
        let error = in_place(&call.method, message);
        if self.is_grouped_window(call) || join::is_out_of_order(call) {
            // What stands before it is right but for its place.
            return Some(error);
        }
        let receiver = &mut call.receiver;
        self.visit_expr_mut(receiver);
        Some(parse_quote!({ let _ = #receiver; #error }))
    }

    fn said_of(&self, call: &ExprMethodCall) -> Option<String> {
        if !self.names.is_stream(&call.receiver) || self.names.is_file_of_a_side(call) {
            return None;
        }
        let before = match &*call.receiver {
            Expr::MethodCall(before) => before.method.to_string(),
            _ => String::new(),
        };
        let word = call.method.to_string();
        if self.is_refused(&call.receiver) {
            return None;
        }
        if before == "sink" || before == "sink_with_headers" {
            return Some(AFTER_SINK.to_owned());
        }
        if before == "split" {
            return Some(PARTS_HAVE_NAMES.to_owned());
        }
        if self.is_grouped_window(call) {
            return Some(
                "grouping comes before the window: `.group_by(|row| row.key).window(tumbling(1h))`"
                    .to_owned(),
            );
        }
        if let Some(message) = per_window::refused(&word, &before) {
            return Some(message.to_owned());
        }
        if let Some(message) = over::refused(&word, &before) {
            return Some(message.to_owned());
        }
        if word == "select" && before == "select" {
            return Some(SELECT_TWICE.to_owned());
        }
        if word == "window" && before == "window" {
            return Some(WINDOW_TWICE.to_owned());
        }
        if before == "window" && is_select_by_another_word(call) {
            return Some(format!(
                "what row each window makes is said by `.select(|w, p| Row {{ .. }})`: write `select` in the place of `{word}`"
            ));
        }
        if word == "into" && call.args.is_empty() {
            return None;
        }
        if let Some(message) = join::refused(call, &self.names) {
            return Some(message);
        }
        if before == "distinct_by" && signposts::stands_for_within(&word) {
            return Some(format!(
                "for how long a row counts is said right behind `.distinct_by(..)`: write `.within(1h)` in the place of `.{word}(..)`"
            ));
        }
        if self.names.is_passed_on(&call.receiver)
            && let Some(message) = join::behind_passed_rows(call)
        {
            return Some(message.to_owned());
        }
        if let Some(kind) = self.names.join_of(&call.receiver)
            && let Some(message) = join::no_step(call, kind)
        {
            return Some(message.to_owned());
        }
        if select::is_mistyped(call) {
            return Some(format!("there is no `.{word}(..)`: did you mean `.select(..)`?"));
        }
        if let Some(message) = windows::misplaced(call).or_else(|| windows::in_a_key(call)) {
            return Some(message);
        }
        signposts::method(&word).or_else(|| signposts::aggregate(&word).filter(|_| before != "window"))
    }

    /// Whether the call groups what already is a window.
    fn is_grouped_window(&self, call: &ExprMethodCall) -> bool {
        call.method == "group_by"
            && !self.names.is_passed_on(&call.receiver)
            && matches!(&*call.receiver, Expr::MethodCall(before) if before.method == "window")
    }

    /// Whether an earlier method of the chain is refused: one complaint is enough.
    fn is_refused(&self, receiver: &Expr) -> bool {
        match receiver {
            Expr::MethodCall(call) => self.said_of(call).is_some() || self.is_refused(&call.receiver),
            _ => false,
        }
    }

    /// As `method_call`; gives the call with what its closure reads, where that is known.
    fn method_call_that_tells(&mut self, call: &mut ExprMethodCall) -> Option<Expr> {
        let reads = self.reads_of(call);
        self.method_call(call);
        let end = call.paren_token.span.close();
        reads.map(|reads| told_reads(&Expr::MethodCall(call.clone()), &reads, end))
    }

    /// What the closure of an operator on a stream reads of each row.
    fn reads_of(&self, call: &ExprMethodCall) -> Option<Reads> {
        let function = call.args.first().filter(|_| call.args.len() == 1)?;
        let is_function = call.method != "on" && matches!(function, Expr::Closure(_) | Expr::Path(_));
        let on_stream = self.names.are_known() && self.names.is_stream(&call.receiver);
        let is_operator = takes_function(&call.method) && on_stream && is_chain_of_operators(&call.receiver);
        (is_function && is_operator).then(|| Reads::of(function))
    }

    fn arguments(&mut self, call: &mut ExprMethodCall) {
        arguments::check(call, self.parameters);
        if call.method == "sink" || call.method == "late_to" {
            topic_argument::of_written(call);
            let parentheses = call.paren_token;
            call.args
                .iter_mut()
                .for_each(|argument| topic_argument::named(argument, parentheses, &mut self.writes));
        }
        if call.method == "sink_with_headers" {
            topic_argument::of_sink_with_headers(call);
            let parentheses = call.paren_token;
            call.args
                .iter_mut()
                .take(1)
                .for_each(|argument| topic_argument::named(argument, parentheses, &mut self.writes));
        }
        if call.method == "undecodable"
            && let Some(policy) = call.args.first_mut().and_then(topic_argument::of_dead_letter)
        {
            let parentheses = policy.paren_token;
            policy
                .args
                .iter_mut()
                .for_each(|argument| topic_argument::named(argument, parentheses, &mut self.writes));
        }
        if call.method == "union" {
            call.args.iter_mut().for_each(arguments::in_pairs);
        }
        let outer = std::mem::replace(&mut self.argument_of, told_as(&call.method));
        for argument in &mut call.args {
            name_for_a_closure(argument, &call.method, &self.names, self.parameters);
            match argument {
                // A function by its name stands for a closure.
                Expr::Path(function) if takes_function(&call.method) => {
                    self.tell_closure(&Expr::Path(function.clone()));
                    let is_parameter = parameter_of(&Expr::Path(function.clone()), self.parameters).is_some();
                    if !["on", "select"].iter().any(|two| call.method == two)
                        && self.names.is_stream(&call.receiver)
                        && !is_parameter
                    {
                        *argument = meant::of_one_row(function, call.paren_token.span.open());
                        continue;
                    }
                }
                _ => {}
            }
            match argument {
                // So that what is wrong with its stream is said in the language's terms.
                Expr::Path(function) if call.method == "through" => {
                    let at = function.span();
                    let aside = call.paren_token.span.open();
                    let rows = Ident::new("__rows", aside);
                    // A method of the trait itself: of a function with a bound rustc would say where it stands.
                    let given_to = runtime_aside(at, aside, &["GivenTo", "given_to"]);
                    *argument = parse_quote_spanned!(at=> |#rows| #given_to(#rows, #function));
                }
                Expr::Closure(function) if call.method == "through" => {
                    let outer = self.names.enter(function.inputs.iter().filter_map(binder));
                    self.visit_expr_mut(&mut function.body);
                    self.names.leave(outer);
                }
                argument => self.argument(argument),
            }
        }
        self.argument_of = outer;
        if call.method == "between" && self.names.is_join(&call.receiver) {
            call.args.iter_mut().for_each(|range| join::lengths_of_ends(range, self.parameters));
        }
    }

    /// Keeps what a closure is, under what it is given to. No result depends on what `inspect` shows.
    fn tell_closure(&mut self, closure: &Expr) {
        if self.argument_of == "inspect" {
            return;
        }
        let (text, constants) = (written_closure(closure), constants::named_in(closure));
        self.texts.push(Text { of: self.argument_of.clone(), text, constants });
    }

    /// Rewrites an argument. A parameter of the pipeline is passed on as a clone: it may be needed again.
    fn argument(&mut self, argument: &mut Expr) {
        match parameter_of(argument, self.parameters) {
            Some(parameter) if TAKE_A_LENGTH.iter().any(|taker| self.argument_of == *taker) => {
                *argument = parameter_length(parameter, argument.span());
            }
            Some(parameter) => *argument = parameter_clone(parameter, argument.span()),
            None => self.visit_expr_mut(argument),
        }
    }

    fn call(&mut self, call: &mut ExprCall) {
        if is_call_of(call, READERS) {
            let parentheses = call.paren_token;
            return call
                .args
                .iter_mut()
                .for_each(|argument| topic_argument::named(argument, parentheses, &mut self.reads));
        }
        arguments::check_window(call, self.parameters);
        let outer = std::mem::replace(&mut self.argument_of, written(&call.func));
        call.args.iter_mut().for_each(|argument| self.argument(argument));
        self.argument_of = outer;
    }

    /// Makes a closure ready, or puts in its place what is wrong with it.
    fn closure(&self, mut function: ExprClosure) -> Expr {
        if let Some((at, message)) = row_closure::taken_out(&mut function, &self.argument_of, &self.names) {
            *function.body = in_place(at, message);
            function.asyncness = None;
        }
        if self.argument_of == "select" {
            missing::rewrite(&mut function, self.may_miss, self.closures());
        }
        self.closures().of_operator(function, &self.argument_of)
    }

    fn select_of_a_join(&mut self, call: &mut ExprMethodCall) {
        let kind = self.names.join_of(&call.receiver);
        let may_miss = kind.and_then(|kind| kind.may_miss).unwrap_or_default();
        join::check_select(call, kind, self.parameters);
        // There may be other joins in front.
        let outer = std::mem::replace(&mut self.may_miss, may_miss);
        self.method_call(call);
        self.may_miss = outer;
    }

    /// Rewrites a `.select(..)`: one that takes aggregates is taken apart, and given anew.
    fn select(&mut self, call: &mut ExprMethodCall) -> Option<Expr> {
        if self.names.is_ranked(&call.receiver) {
            per_window::check_select(call);
            // Of a join behind it that is not said.
            let outer = std::mem::take(&mut self.may_miss);
            self.method_call(call);
            self.may_miss = outer;
            return None;
        }
        if self.names.is_join(&call.receiver) {
            self.select_of_a_join(call);
            return None;
        }
        let of = if self.names.is_frame(&call.receiver) { select::Of::Frame } else { select::Of::Window };
        self.visit_expr_mut(&mut call.receiver);
        let (select, texts) = select::rewrite(call, of, self.closures());
        self.texts.extend(texts);
        Some(select)
    }

    fn aggregate_outside_select(&mut self, call: &ExprCall) -> Option<Expr> {
        is_aggregate(call).then(|| in_place(&call.func, super::closure::outside_select(call)))
    }
}

impl VisitMut for Rewrite<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if is_source_chain(expr) {
            let (end, stream) = (last_token(expr), source_stream(expr));
            self.source(expr);
            *expr = parse_quote_spanned!(end=> #expr.#stream());
            return;
        }
        match expr {
            Expr::Closure(function) => {
                let function = function.clone();
                self.tell_closure(expr);
                *expr = self.closure(function);
            }
            // What follows a method that is refused is left out: it can only be misunderstood.
            Expr::MethodCall(call) if self.is_refused(&call.receiver) => {
                self.visit_expr_mut(&mut call.receiver);
                *expr = (*call.receiver).clone();
            }
            Expr::MethodCall(call) if self.said_of(call).is_some() => {
                if let Some(error) = self.signpost(call) {
                    *expr = error;
                }
            }
            Expr::MethodCall(call)
                if topic_argument::is_asked(&call.receiver) && !self.names.is_given(&call.receiver) =>
            {
                *expr = topic_argument::of_method(call);
            }
            Expr::MethodCall(call) if call.method == "select" => {
                if let Some(select) = self.select(call) {
                    *expr = select;
                }
            }
            Expr::MethodCall(call) => {
                if let Some(told) = self.method_call_that_tells(call) {
                    *expr = told;
                }
            }
            Expr::Call(call) => match self.aggregate_outside_select(call).or_else(|| as_function(call)) {
                Some(error) => *expr = error,
                None => self.call(call),
            },
            Expr::Lit(literal) => {
                if let Some(duration) = duration(&literal.lit) {
                    *expr = duration;
                }
            }
            Expr::Field(field) if is_source_chain(&field.base) => self.source(&mut field.base),
            // Whatever has statements or patterns of its own may give names of its own.
            Expr::Block(_)
            | Expr::If(_)
            | Expr::Match(_)
            | Expr::Loop(_)
            | Expr::While(_)
            | Expr::ForLoop(_)
            | Expr::Unsafe(_) => {
                let outer = self.names.suspend();
                visit_mut::visit_expr_mut(self, expr);
                self.names.leave(outer);
            }
            _ => visit_mut::visit_expr_mut(self, expr),
        }
    }
}

/// The duration that a number with a unit stands for, or what is wrong with it.
fn duration(literal: &Lit) -> Option<Expr> {
    match literal {
        Lit::Int(number) => Some(match Duration::of_literal(number)? {
            Ok(Duration { millis }) => parse_quote_spanned!(number.span()=> duration_of_millis(#millis)),
            Err(error) => error_expression(&error),
        }),
        Lit::Float(number) => of_fraction(number).map(|message| in_place(number, message)),
        _ => None,
    }
}

/// Whether the call is given a closure as `.select(..)` is, by a word that has none of two.
fn is_select_by_another_word(call: &ExprMethodCall) -> bool {
    matches!(call.args.first(), Some(Expr::Closure(closure)) if closure.inputs.len() == 2)
        && ["map", "flat_map", "filter_map", "apply", "process", "agg"].iter().any(|word| call.method == word)
}

const WINDOW_TWICE: &str = "a group is cut into windows once: leave one of the two out. Windows over the rows of windows come behind the \
                            `.select(..)` that makes them, `.group_by(|row| row.key).window(tumbling(1d))`";

const SELECT_TWICE: &str = "there is no window left here: `.select(..)` makes one row of each window, or of each pair, and what becomes of these \
                            rows is said by `.map(|row| ..)`";

const AFTER_SINK: &str = "`.sink(..)` ends a stream, and gives nothing to go on with: name the stream, `let rows = ..;`, then use it \
                          twice, `rows.sink(Topic);` and `rows.filter(..)`";

/// What a closure is kept as: those of `group_by`, `distinct_by` and `on` are keys, every other one goes by its operator.
fn told_as(method: &Ident) -> String {
    let is_key = ["group_by", "distinct_by", "on"].iter().any(|operator| method == operator);
    if is_key { "key".to_owned() } else { method.to_string() }
}

/// Whether an operator takes a closure over rows, for which a function's name may stand.
fn takes_function(method: &Ident) -> bool {
    TAKE_FUNCTIONS.iter().any(|operator| method == operator)
}
