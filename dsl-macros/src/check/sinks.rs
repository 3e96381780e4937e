//! Sinks: a pipeline that writes nothing does nothing, and one that reads what it writes is never done.

use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprField, ExprMethodCall, Ident, Member, Path};

use crate::ast::Pipeline;
use crate::diagnostics::Diagnostics;
use crate::signposts;
use crate::vocabulary::{READERS, is_call_of, similar};

/// Reports a pipeline without any sink, unless the sink may stand in a part that could not be parsed, sinks into topics that the
/// pipeline reads, and second sinks into one topic.
pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    let mut topics = Topics::default();
    for statement in &pipeline.statements {
        topics.visit_expr(statement.value());
    }
    for word in &topics.without_topic {
        diagnostics.error(word, "a sink is given its topic: write `.sink(Topic)`");
    }
    if !topics.has_sink && !pipeline.broken {
        let name = &pipeline.name;
        diagnostics.error(
            name,
            format!(
                "pipeline `{name}` writes nothing: end at least one stream in a topic, `stream.sink(Topic);`"
            ),
        );
    }
    for Written { topic, has_own } in
        topics.written.iter().filter(|written| topics.read.contains(&written.topic))
    {
        let message = match has_own {
            false => {
                "this pipeline also reads this topic, and would never be done with its own results: what goes on with them takes the stream itself, \
                 `let rows = ..;`, in the place of `source(..)`; else sink into another topic"
            }
            true => {
                "this pipeline also reads this topic, and what is written to it would come in again: declare another topic for it"
            }
        };
        diagnostics.error(topic, message);
    }
    for (at, Written { topic, has_own }) in topics.written.iter().enumerate() {
        if !topics.written[..at].iter().any(|before| before.topic == *topic) || pipeline.broken {
            continue;
        }
        let message = match *has_own
            || topics.written[..at].iter().any(|before| before.topic == *topic && before.has_own)
        {
            false => {
                "another stream of this pipeline is written to this topic already: make them one, `left.union(right).sink(..)`, or sink \
                 into another topic"
            }
            true => {
                "this pipeline writes to this topic elsewhere, too: the late records of a source, and those that cannot be decoded, have a topic \
                 of their own, which nothing else is written to: declare another one for them"
            }
        };
        // The topic of its own is the mistake, wherever the others are.
        let own = topics.written.iter().take(at).find(|before| before.topic == *topic && before.has_own);
        diagnostics.error(own.filter(|_| !*has_own).map_or(*topic, |before| before.topic), message);
    }
}

#[derive(Default)]
struct Topics<'a> {
    has_sink: bool,
    /// `rows.sink;`.
    without_topic: Vec<&'a Ident>,
    read: Vec<&'a Path>,
    written: Vec<Written<'a>>,
}

/// A topic that rows are written to.
struct Written<'a> {
    topic: &'a Path,
    /// By `late_to` or `dead_letter`.
    has_own: bool,
}

impl<'a> Visit<'a> for Topics<'a> {
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        let is_sink = call.method == "sink" || call.method == "sink_with_headers";
        self.has_sink |= is_sink || is_mistyped(&call.method);
        let has_own = call.method == "late_to";
        if is_sink || has_own {
            self.written.extend(call.args.first().and_then(path).map(|topic| Written { topic, has_own }));
        }
        if let (true, Some(Expr::Call(policy))) = (call.method == "undecodable", call.args.first())
            && path(&policy.func).is_some_and(|callee| callee.is_ident("dead_letter"))
        {
            let topic = policy.args.first().and_then(path);
            self.written.extend(topic.map(|topic| Written { topic, has_own: true }));
        }
        self.has_sink |= signposts::ends_a_stream(&call.method.to_string());
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_field(&mut self, field: &'a ExprField) {
        if let Member::Named(word) = &field.member
            && word == "sink"
        {
            self.has_sink = true;
            self.without_topic.push(word);
        }
        visit::visit_expr_field(self, field);
    }

    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if is_call_of(call, READERS) {
            self.read.extend(call.args.first().and_then(path));
        }
        // `sink(rows, Topic)` has an error of its own.
        self.has_sink |= path(&call.func)
            .and_then(|callee| callee.get_ident())
            .is_some_and(|word| word == "sink" || signposts::ends_a_stream(&word.to_string()));
        visit::visit_expr_call(self, call);
    }
}

/// Whether a word is none of the language's, and looks like `sink`: rustc says so.
fn is_mistyped(word: &Ident) -> bool {
    word != "sink" && similar(&word.to_string(), &["sink"]).is_some()
}

fn path(expr: &Expr) -> Option<&Path> {
    match expr {
        Expr::Path(path) => Some(&path.path),
        _ => None,
    }
}
