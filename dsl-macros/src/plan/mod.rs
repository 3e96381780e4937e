//! What is to be registered, statement by statement: the user's expressions with everything added that the macro adds.

mod arguments;
mod arithmetic;
mod as_function;
mod bare_fields;
mod chance;
mod closure;
mod constants;
mod expression;
mod fields;
mod gives_back;
mod join;
mod join_select;
mod lookup;
mod meant;
mod missing;
mod names;
mod no_closure;
mod over;
mod per_window;
mod reads;
mod row_closure;
mod row_value;
mod select;
mod shape;
mod siblings;
mod taken_as_there;
mod topic_argument;
mod topic_as_row;
mod windows;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::token::Paren;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprCall, Ident, Path, Type, Visibility};

use crate::ast::{LetPattern, LetStatement, Parameter, Pipeline, Statement};
use crate::check::name_of_state;
use crate::diagnostics::error_expression;
use crate::vocabulary::{READ_BY_ANOTHER_WORD, is_call_of};

pub(crate) use closure::clone_row_fields;
pub(crate) use reads::Reads;
pub(crate) use shape::last_token;

use expression::Rewrite;
use names::Names;

/// A pipeline, ready to be emitted.
pub(crate) struct PlannedPipeline {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
    pub(crate) parameters: Vec<Parameter>,
    /// Those around the parameters.
    pub(crate) parentheses: Paren,
    /// All parameters as they are written, where one of them cannot be one.
    pub(crate) refused_parameters: Option<TokenStream>,
    pub(crate) statements: Vec<PlannedStatement>,
    /// The topics it reads, each once.
    pub(crate) reads: Vec<Path>,
    /// The topics it writes, each once.
    pub(crate) writes: Vec<Path>,
    /// Whether there may be more topics than these, as an error stands where one is named.
    pub(crate) touches_more: bool,
}

/// One statement that registers nodes.
pub(crate) struct PlannedStatement {
    /// The `let` around it.
    pub(crate) binding: Option<Binding>,
    /// What its nodes are called without one, if they keep state: by the topic that it ends in.
    pub(crate) ends_in: Option<String>,
    /// What its nodes are told of the user's words, in the order in which they are registered.
    pub(crate) texts: Vec<Text>,
    pub(crate) value: Expr,
}

/// What the user wrote in a place where types alone do not tell one pipeline from another.
pub(crate) struct Text {
    /// What it is of: `key`, `aggregates`; for every other closure the operator that it is given to.
    pub(crate) of: String,
    pub(crate) text: String,
    /// The constants that it names, whose values stand elsewhere.
    pub(crate) constants: Vec<Path>,
}

/// The part of a `let` before its value.
pub(crate) struct Binding {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) pattern: LetPattern,
    pub(crate) ty: Option<Type>,
    /// Whether only its type tells if the value is a stream.
    pub(crate) asks_for_type: bool,
}

/// Whether an error was put into a statement.
fn has_error(statement: &PlannedStatement) -> bool {
    fn is_error(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(name) => name == "compile_error",
            TokenTree::Group(group) => is_error(group.stream()),
            _ => false,
        })
    }
    is_error(statement.value.to_token_stream())
}

/// Whether a statement calls what other systems read by, which the runtime refuses: a test is not to be blamed for its topic, too.
fn reads_otherwise(statement: &PlannedStatement) -> bool {
    struct Search(bool);
    impl<'a> Visit<'a> for Search {
        fn visit_expr_call(&mut self, call: &'a ExprCall) {
            self.0 |= is_call_of(call, READ_BY_ANOTHER_WORD);
            visit::visit_expr_call(self, call);
        }
    }
    let mut search = Search(false);
    search.visit_expr(&statement.value);
    search.0
}

/// Rewrites each statement. What is wrong inside an expression is reported in its place.
pub(crate) fn pipeline(pipeline: Pipeline) -> PlannedPipeline {
    let names = Names::new(&pipeline);
    let topics = topic_as_row::topics_in(&pipeline);
    let mut rewrite = Rewrite::new(&pipeline.parameters, names);
    let planned = |mut statement| {
        topic_as_row::refuse(value_of(&mut statement), &topics);
        planned(statement, &pipeline.name, &mut rewrite)
    };
    let statements: Vec<_> = pipeline.statements.into_iter().map(planned).collect();
    let (reads, writes) = rewrite.into_topics();
    let touches_more = reads.is_empty()
        || writes.is_empty()
        || statements.iter().any(|one| has_error(one) || reads_otherwise(one))
        || reads.iter().chain(&writes).any(|topic| topic_argument::rows_instead(topic).is_some());
    PlannedPipeline {
        attributes: pipeline.attributes,
        visibility: pipeline.visibility,
        name: pipeline.name,
        parameters: pipeline.parameters,
        parentheses: pipeline.parentheses,
        refused_parameters: pipeline.refused_parameters,
        statements,
        reads,
        writes,
        touches_more,
    }
}

fn value_of(statement: &mut Statement) -> &mut Expr {
    match statement {
        Statement::Let(statement) => &mut statement.value,
        Statement::Expression(value) => value,
    }
}

fn planned(statement: Statement, pipeline: &Ident, rewrite: &mut Rewrite) -> PlannedStatement {
    let name_of_state = name_of_state(&statement).map(|name| name.unraw().to_string());
    match statement {
        Statement::Let(statement) => {
            let asks_for_type = statement.asks_for_type(rewrite.parameters());
            let refused = statement.refused(pipeline);
            let is_stream =
                refused.is_none() && !asks_for_type && !matches!(statement.value, Expr::Verbatim(_));
            let LetStatement { attributes, pattern, mut ty, mut value } = *statement;
            if let Some(error) = refused {
                ty = None;
                // Told already; what goes on with the name shall not be blamed as well.
                value = error_expression(&error);
            }
            let (value, texts) = rewrite.statement(&pattern.names(), value, is_stream);
            PlannedStatement {
                binding: Some(Binding { attributes, pattern, ty, asks_for_type }),
                ends_in: None,
                texts,
                value,
            }
        }
        Statement::Expression(value) => {
            let (value, texts) = rewrite.statement(&[], value, false);
            PlannedStatement { binding: None, ends_in: name_of_state, texts, value }
        }
    }
}
