//! Which names a statement may use as streams.

use std::collections::BTreeSet;

use syn::{Expr, ExprMethodCall, Ident};

use crate::ast::Pipeline;
use crate::diagnostics::{NOT_AWAITED, in_place};
use crate::vocabulary::{JOINS, JoinKind, STEPS_OF_A_JOIN, is_call_of, join_of, similar};

use super::bare_fields::fields_in;

/// The names of a pipeline, while its statements are walked in order.
pub(super) struct Names {
    /// What can be used so far: parameters, and the streams of the statements before.
    known: Vec<String>,
    /// The streams among them, or what stands where one should.
    streams: Vec<String>,
    /// What is a join whose rows are still to be made, with its kind.
    joins: Vec<(String, &'static JoinKind)>,
    /// What looks back over rows, and of which rows are still to be made.
    frames: Vec<String>,
    /// What is ranked, and of which rows are still to be made.
    ranked: Vec<String>,
    /// The side tables.
    sides: Vec<String>,
    /// Those of which it is sure.
    sure: Vec<String>,
    /// The streams of all statements.
    all: Vec<String>,
    /// How many of what is known are parameters of the pipeline.
    parameters: usize,
    /// The names that fields have.
    fields: BTreeSet<String>,
    /// Whether every name is known that could be used here.
    complete: bool,
    /// Whether the names of streams may be given to something else here.
    suspended: bool,
}

/// What a `let` gives a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// A stream, or a group or window of one, for sure.
    Stream,
    /// A join whose rows are still to be made, of this kind.
    Join(&'static JoinKind),
    /// What looks back over rows, and of which rows are still to be made.
    Frame,
    /// What is ranked, and of which rows are still to be made.
    Ranked,
    /// A side table.
    Side,
    Unknown,
}

/// What was known outside of a closure or block.
pub(super) struct Outer {
    known: usize,
    complete: bool,
    suspended: bool,
}

impl Names {
    pub(super) fn new(pipeline: &Pipeline) -> Self {
        Names {
            known: pipeline.parameters.iter().map(|parameter| parameter.name.to_string()).collect(),
            streams: Vec::new(),
            joins: Vec::new(),
            frames: Vec::new(),
            ranked: Vec::new(),
            sides: Vec::new(),
            sure: Vec::new(),
            parameters: pipeline.parameters.len(),
            all: pipeline
                .statements
                .iter()
                .flat_map(|statement| statement.names())
                .map(Ident::to_string)
                .collect(),
            fields: fields_in(pipeline),
            complete: !pipeline.broken,
            suspended: false,
        }
    }

    /// From here on, `name` is known as what it was given.
    pub(super) fn give(&mut self, name: &Ident, given: Given) {
        let name = name.to_string();
        self.known.push(name.clone());
        self.sides.retain(|side| *side != name);
        match given {
            Given::Stream => self.sure.push(name.clone()),
            Given::Join(kind) => self.joins.push((name.clone(), kind)),
            Given::Frame => self.frames.push(name.clone()),
            Given::Ranked => self.ranked.push(name.clone()),
            Given::Side => self.sides.push(name.clone()),
            Given::Unknown => {}
        }
        self.streams.push(name);
    }

    /// What the value of a `let` is; `is_stream` says whether it is a stream, or a step on the way to one, for sure.
    pub(super) fn given(&self, value: &Expr, is_stream: bool) -> Given {
        if let Some(kind) = self.join_of(value) {
            Given::Join(kind)
        } else if self.is_frame(value) {
            Given::Frame
        } else if self.is_ranked(value) {
            Given::Ranked
        } else if self.is_side(value) {
            Given::Side
        } else if is_stream {
            Given::Stream
        } else {
            Given::Unknown
        }
    }

    /// Whether an expression is a side table, with what is said of it, or a name of one.
    pub(super) fn is_side(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Call(call) => is_call_of(call, &["side"]),
            Expr::MethodCall(call) => self.is_file_of_a_side(call),
            Expr::Path(path) => {
                path.path.get_ident().is_some_and(|name| self.sides.iter().any(|side| name == side))
            }
            _ => false,
        }
    }

    /// Whether a call names the file that a side table is read from.
    pub(super) fn is_file_of_a_side(&self, call: &ExprMethodCall) -> bool {
        (call.method == "csv" || call.method == "json") && self.is_side(&call.receiver)
    }

    /// Whether an expression is a join that has no rows yet: one of its steps, or a name of one, whatever was called on it.
    pub(super) fn is_join(&self, expr: &Expr) -> bool {
        self.join_of(expr).is_some()
    }

    /// Of which kind the join is that an expression is.
    pub(super) fn join_of(&self, expr: &Expr) -> Option<&'static JoinKind> {
        match expr {
            Expr::MethodCall(call) if call.method == "select" => None,
            Expr::MethodCall(call) => {
                let before = self.join_of(&call.receiver);
                let is_step = STEPS_OF_A_JOIN.iter().any(|step| call.method == step);
                match (join_of(&call.method), before) {
                    (Some(kind), _) => Some(kind),
                    (None, Some(kind)) if kind.may_miss.is_none() && completes_a_join(call) => None,
                    (None, Some(kind)) => Some(kind),
                    (None, None) => JOINS.first().filter(|_| is_step && !self.is_passed_on(&call.receiver)),
                }
            }
            Expr::Paren(paren) => self.join_of(&paren.expr),
            Expr::Path(path) => {
                let name = path.path.get_ident()?;
                self.joins.iter().rev().find(|(join, _)| name == join).map(|(_, kind)| *kind)
            }
            _ => None,
        }
    }

    /// Whether an expression is what a join passes on that has no `.select(..)`.
    pub(super) fn is_passed_on(&self, expr: &Expr) -> bool {
        match expr {
            Expr::MethodCall(call) => {
                let kind = self.join_of(&call.receiver);
                completes_a_join(call) && kind.is_some_and(|kind| kind.may_miss.is_none())
            }
            Expr::Paren(paren) => self.is_passed_on(&paren.expr),
            _ => false,
        }
    }

    /// Whether an expression looks back over rows, and has no rows yet.
    pub(super) fn is_frame(&self, expr: &Expr) -> bool {
        is_before_select(expr, &["over"], &self.frames)
    }

    /// The same of what is ranked.
    pub(super) fn is_ranked(&self, expr: &Expr) -> bool {
        is_before_select(expr, &["top"], &self.ranked)
    }

    /// Whether an expression is a stream, or a handle made of one: a chain of methods that begins at a source or at a name
    /// of the pipeline's own.
    pub(super) fn is_stream(&self, expr: &Expr) -> bool {
        match expr {
            Expr::MethodCall(call) => self.is_stream(&call.receiver),
            Expr::Paren(paren) => self.is_stream(&paren.expr),
            Expr::Call(call) => matches!(&*call.func, Expr::Path(path) if path.path.is_ident("source")),
            Expr::Path(path) => path.path.get_ident().is_some_and(|name| {
                let (parameters, streams) = self.known.split_at(self.parameters);
                !parameters.iter().any(|known| name == known)
                    && streams.iter().chain(&self.all).any(|known| name == known)
            }),
            _ => false,
        }
    }

    /// Takes the `?` or `.await` from behind a stream, and gives the error for it.
    pub(super) fn take_question_mark(&self, value: &mut Expr) -> Option<Expr> {
        if let Expr::Await(waiting) = value
            && self.is_stream(&waiting.base)
        {
            let error = in_place(waiting.await_token, NOT_AWAITED);
            *value = (*waiting.base).clone();
            return Some(error);
        }
        let Expr::Try(question) = value else { return None };
        if !self.is_stream(&question.expr) {
            return None;
        }
        let message = "nothing can fail in a pipeline's body, which only describes it: leave out `?`";
        let error = in_place(question.question_token, message);
        *value = (*question.expr).clone();
        Some(error)
    }

    /// Whether an expression is a name that a statement before has given.
    pub(super) fn is_given(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::Path(path) if path.path.get_ident().is_some_and(|name| self.is_named(name)))
    }

    /// Whether a statement before has given this name, or a parameter has it.
    pub(super) fn is_named(&self, name: &Ident) -> bool {
        self.known.iter().any(|known| name == known)
    }

    /// Whether a name, not given again since, is that of a stream.
    pub(super) fn is_named_stream(&self, name: &Ident) -> bool {
        self.complete && self.sure.iter().any(|stream| name == stream)
    }

    /// Whether a name that nothing gives is one that fields have.
    pub(super) fn is_field(&self, name: &Ident) -> bool {
        let name = name.to_string();
        self.complete && self.fields.contains(&name) && !self.known.contains(&name)
    }

    /// Whether the names of streams mean what they say here: not so in a block, which may give them to something else.
    /// A statement that cannot be read changes nothing of it: what is emitted for the others stays the same.
    pub(super) fn are_known(&self) -> bool {
        !self.suspended
    }

    /// Enters a closure that gives names to its parameters.
    pub(super) fn enter<'a>(&mut self, parameters: impl Iterator<Item = &'a Ident>) -> Outer {
        let outer = self.outer();
        self.known.extend(parameters.map(Ident::to_string));
        outer
    }

    /// Enters a block, whose own names are not kept track of.
    pub(super) fn suspend(&mut self) -> Outer {
        let outer = self.outer();
        self.complete = false;
        self.suspended = true;
        outer
    }

    /// Leaves the closure or block.
    pub(super) fn leave(&mut self, outer: Outer) {
        self.known.truncate(outer.known);
        self.complete = outer.complete;
        self.suspended = outer.suspended;
    }

    fn outer(&self) -> Outer {
        Outer { known: self.known.len(), complete: self.complete, suspended: self.suspended }
    }

    /// The error for the receiver of an operator that can only be the name of a stream and is none.
    pub(super) fn unknown(&self, receiver: &Expr) -> Option<Expr> {
        let Expr::Path(path) = receiver else { return None };
        let ident = path.path.get_ident()?;
        let name = ident.to_string();
        let is_variable = name.starts_with(char::is_lowercase) && name != "self";
        if !self.complete || !is_variable || self.known.contains(&name) {
            return None;
        }
        if self.all.contains(&name) {
            let message =
                format!("`{name}` is named further down: a stream is used after the `let` that names it");
            return Some(in_place(ident, message));
        }
        let streams: Vec<&str> = self.streams.iter().map(String::as_str).collect();
        if let Some(meant) = similar(&name, &streams) {
            let message = format!("no stream is named `{name}`: did you mean `{meant}`?");
            return Some(in_place(ident, message));
        }
        let so_far = match streams.as_slice() {
            [] => "no stream has a name yet".to_owned(),
            names => format!("so far there are `{}`", names.join("`, `")),
        };
        let message =
            format!("no stream is named `{name}`: {so_far}; name one with `let {name} = source(Topic);`");
        Some(in_place(ident, message))
    }
}

/// Whether a step of a join says which rows meet, so that nothing is missing but the row that they make.
fn completes_a_join(call: &ExprMethodCall) -> bool {
    call.method == "between" || call.method == "window"
}

/// Whether an expression is one of these steps, or a name of one, before the `.select(..)` that makes its rows, whatever was called on it.
fn is_before_select(expr: &Expr, steps: &[&str], names: &[String]) -> bool {
    match expr {
        Expr::MethodCall(call) if call.method == "select" => false,
        Expr::MethodCall(call) => {
            steps.iter().any(|step| call.method == step) || is_before_select(&call.receiver, steps, names)
        }
        Expr::Paren(paren) => is_before_select(&paren.expr, steps, names),
        Expr::Path(path) => path.path.get_ident().is_some_and(|name| names.iter().any(|known| name == known)),
        _ => false,
    }
}
