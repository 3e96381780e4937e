//! What the user wrote, as plain data with spans: a pipeline and its statements, and the declarations of topics.

mod chain;
mod lets;
mod topic;

use proc_macro2::TokenStream;
use syn::token::Paren;
use syn::{Attribute, Expr, Ident, PatTuple, Type, Visibility};

pub(crate) use chain::is_called_in;
pub(crate) use lets::PARTS_HAVE_NAMES;
pub(crate) use topic::{FieldsOfRow, Format, Setting, SettingValue, Topic, TopicDeclaration};

/// A `#[pipeline] fn`.
pub(crate) struct Pipeline {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
    pub(crate) parameters: Vec<Parameter>,
    /// Those around the parameters.
    pub(crate) parentheses: Paren,
    /// All parameters as they are written, where one of them cannot be one: calls of the function are right all the same.
    pub(crate) refused_parameters: Option<TokenStream>,
    pub(crate) statements: Vec<Statement>,
    /// Whether some statement had a syntax error, so that not all of the body is known.
    pub(crate) broken: bool,
}

/// One parameter of a pipeline.
pub(crate) struct Parameter {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    /// Its doc comment, in one line.
    pub(crate) about: String,
    /// What `#[default(..)]` says.
    pub(crate) default: Option<ParameterDefault>,
}

/// The value of a parameter whose flag is not given.
pub(crate) struct ParameterDefault {
    /// As it is written.
    pub(crate) text: String,
    pub(crate) value: Expr,
    /// Of a literal with a unit of time, `10s`, in place of the value.
    pub(crate) millis: Option<i64>,
}

/// One statement of a pipeline's body.
pub(crate) enum Statement {
    /// `let name = value;`
    Let(Box<LetStatement>),
    /// `stream.sink(Topic);`
    Expression(Expr),
}

/// A `let` that names a stream, or the parts of one.
pub(crate) struct LetStatement {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) pattern: LetPattern,
    pub(crate) ty: Option<Type>,
    pub(crate) value: Expr,
}

/// What stands between `let` and `=`.
pub(crate) enum LetPattern {
    /// `large`
    Name(Ident),
    /// `(large, _)`, for the parts of a `split`: a name for each, or none.
    Parts { pattern: PatTuple, names: Vec<Option<Ident>> },
}

impl LetPattern {
    /// The names that it gives.
    pub(crate) fn names(&self) -> Vec<&Ident> {
        match self {
            LetPattern::Name(name) => vec![name],
            LetPattern::Parts { names, .. } => names.iter().flatten().collect(),
        }
    }
}

impl Statement {
    /// The expression that the statement evaluates.
    pub(crate) fn value(&self) -> &Expr {
        match self {
            Statement::Let(statement) => &statement.value,
            Statement::Expression(value) => value,
        }
    }

    /// All names that it gives.
    pub(crate) fn names(&self) -> Vec<&Ident> {
        match self {
            Statement::Let(statement) => statement.pattern.names(),
            Statement::Expression(_) => Vec::new(),
        }
    }
}
