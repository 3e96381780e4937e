//! Closures over rows that take them for something else: a row that changes, another stream, a `null`, code that waits.
//!
//! rustc sees a reference, a handle or a name that is nowhere declared, and says what to do with these; what is meant is told
//! here.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{
    BinOp, Expr, ExprAssign, ExprAsync, ExprBinary, ExprClosure, ExprLit, ExprPath, ExprReference, ExprTry,
    ExprTryBlock, FieldValue, Ident, Item, Lit, Member, Pat, PatIdent, Stmt, Type,
};

use crate::vocabulary::TAKE_FUNCTIONS;
use crate::written::written;

use super::names::Names;
use super::shape::{binder, field_path};
use super::{gives_back, row_value, siblings};

/// What is wrong with a closure that an operator gives each row, and where. That of a `select` has rows of its own.
fn mistake(closure: &ExprClosure, operator: &str, names: &Names) -> Option<(TokenStream, String)> {
    if operator == "select" {
        return of_values(closure, names);
    }
    let takes_rows =
        ["key", "top", "sink_with_headers"].contains(&operator) || TAKE_FUNCTIONS.contains(&operator);
    if !takes_rows {
        return None;
    }
    if let Some(found) = constant_key(closure, operator) {
        return Some(found);
    }
    if let Some(word) = &closure.asyncness {
        let message = "a closure over rows waits for nothing, and is not `async`: what it needs of elsewhere is a parameter of the \
                       pipeline, or comes as a topic of its own";
        return Some((word.to_token_stream(), message.to_owned()));
    }
    if let Expr::Async(block) = &*closure.body {
        let message = "a closure over rows waits for nothing: leave `async` out; what it needs of elsewhere is a parameter of the pipeline, or comes as a topic of \
                       its own";
        return Some((block.async_token.to_token_stream(), message.to_owned()));
    }
    if let (Expr::Block(block), true) = (&*closure.body, operator != "inspect")
        && let Some(Stmt::Expr(value, Some(semicolon))) = block.block.stmts.last()
        && !matches!(value, Expr::Return(_) | Expr::Macro(_) | Expr::Break(_) | Expr::Loop(_))
    {
        let message = format!(
            "this closure gives nothing back, as its last line ends with a semicolon: leave it out behind `{}`",
            written(value)
        );
        return Some((semicolon.to_token_stream(), message));
    }
    if operator == "filter"
        && let Some(word) = question_mark(&closure.body)
    {
        let message = "a filter's closure says yes or no, and `?` would leave it with neither: say what holds where there is no value, such as \
                       `row.tip.is_some_and(|tip| tip > 0)`";
        return Some((word, message.to_owned()));
    }
    if operator == "flat_map"
        && let Some((at, message)) = borrows(closure)
    {
        return Some((at, message));
    }
    if operator == "map"
        && let Some(at) = row_or_none(&closure.body)
    {
        let message = "`.map(..)` makes one row of each, and this is a row or none: write `.filter_map(..)` in the place of `.map(..)`, and both stay as they are";
        return Some((at, message.to_owned()));
    }
    if operator == "inspect"
        && let Expr::Macro(shown) = &*closure.body
        && shown.mac.path.is_ident("dbg")
    {
        let shown = written(shown);
        let message = format!(
            "the closure of `.inspect(..)` gives nothing back: write `{{ {shown}; }}`, with a semicolon in braces"
        );
        return Some((closure.body.to_token_stream(), message));
    }
    let bound = names_in(closure);
    let row = closure.inputs.first().and_then(binder).filter(|row| {
        // A name that is given again inside is no longer the row.
        bound.iter().filter(|name| name == row).count() == 1
    });
    let mut search = Search { row, bound: &bound, names, is_condition: operator == "filter", found: None };
    search.visit_expr(&closure.body);
    let found = search.found.or_else(|| gives_back::mistake(closure, operator));
    found.or_else(|| of_values(closure, names))
}

/// What is wrong with the values of the row that a closure makes.
fn of_values(closure: &ExprClosure, names: &Names) -> Option<(TokenStream, String)> {
    let found = field_by_its_name(closure, names);
    let found = found.or_else(|| siblings::mistake(closure, |name| names.is_named(name)));
    found.or_else(|| row_value::mistake(closure))
}

/// `Row { minutes: minutes }`, where nothing has that name: a field of the row is meant.
fn field_by_its_name(closure: &ExprClosure, names: &Names) -> Option<(TokenStream, String)> {
    struct Search<'a> {
        row: &'a Ident,
        bound: Vec<Ident>,
        names: &'a Names,
        found: Option<(TokenStream, String)>,
    }
    impl<'a> Visit<'a> for Search<'_> {
        fn visit_field_value(&mut self, field: &'a FieldValue) {
            if let (Expr::Path(value), Member::Named(member)) = (&field.expr, &field.member)
                && value.path.is_ident(member)
                && !self.bound.contains(member)
                && !self.names.is_given(&field.expr)
                && member.to_string().starts_with(char::is_lowercase)
            {
                let row = self.row;
                let message = format!(
                    "`{member}` is no name here: a field of the row is written `{row}.{member}`, where `|{row}|` names the row"
                );
                self.found.get_or_insert_with(|| (value.to_token_stream(), message));
            }
            visit::visit_field_value(self, field);
        }
    }
    let row = closure.inputs.last().and_then(binder)?;
    let mut search = Search { row, bound: names_in(closure), names, found: None };
    search.visit_expr(&closure.body);
    search.found
}

/// The first mistake of a closure, from which a type of the row is taken that is wrong.
pub(super) fn taken_out(
    closure: &mut ExprClosure,
    operator: &str,
    names: &Names,
) -> Option<(TokenStream, String)> {
    row_by_value(closure, operator).or_else(|| mistake(closure, operator, names))
}

/// A text in quotes that all rows are grouped by.
fn constant_key(closure: &ExprClosure, operator: &str) -> Option<(TokenStream, String)> {
    let is_key = ["group_by", "key"].contains(&operator);
    let Expr::Lit(key @ ExprLit { lit: Lit::Str(_), .. }) = &*closure.body else { return None };
    let message = "rows are grouped by what is in them, `.group_by(|row| row.card)`; one group of all rows is `.group_by(|_| ())`";
    is_key.then(|| (key.to_token_stream(), message.to_owned()))
}

/// The error for a closure that is to be given a row by value, whose parameter is then left without a type.
fn row_by_value(closure: &mut ExprClosure, operator: &str) -> Option<(TokenStream, String)> {
    if !TAKE_FUNCTIONS.contains(&operator) || closure.inputs.len() != 1 {
        return None;
    }
    let row = closure.inputs.first_mut()?;
    let Pat::Type(typed) = &*row else { return None };
    if !matches!(&*typed.ty, Type::Path(_)) {
        return None;
    }
    let (name, ty) = (typed.pat.to_token_stream().to_string(), typed.ty.to_token_stream());
    let message = format!("a row comes by reference, and its type is known: write `|{name}|`");
    *row = (*typed.pat).clone();
    Some((ty, message))
}

/// An iterator over a field of the row that is given back before it has been gone through.
fn borrows(closure: &ExprClosure) -> Option<(TokenStream, String)> {
    let row = closure.inputs.first().and_then(binder)?;
    let tail = match &*closure.body {
        Expr::Block(block) => match block.block.stmts.last()? {
            Stmt::Expr(tail, None) => tail,
            _ => return None,
        },
        body => body,
    };
    let (mut methods, mut before) = (Vec::new(), tail);
    while let Expr::MethodCall(call) = before {
        methods.push(&call.method);
        before = &call.receiver;
    }
    let is_of_row = field_path(before, std::slice::from_ref(row)).is_some_and(|path| path.dot.is_some());
    let names = |method: &Ident, words: &[&str]| words.iter().any(|word| method == word);
    let first = *methods.last()?;
    let is_lazy = methods.iter().all(|method| names(method, BORROWING) || names(method, LAZY));
    (is_of_row && names(first, BORROWING) && is_lazy).then(|| {
        let message = format!(
            "the rows that `.flat_map(..)` gives are its own, and these are still borrowed of `{row}`: put `.collect::<Vec<_>>()` behind them, as in `{}.collect::<Vec<_>>()`",
            shortened(tail)
        );
        (first.to_token_stream(), message)
    })
}

/// A chain of methods, with `..` for what they are given.
fn shortened(chain: &Expr) -> String {
    let Expr::MethodCall(call) = chain else { return written(chain) };
    let given = if call.args.is_empty() { "" } else { ".." };
    format!("{}.{}({given})", shortened(&call.receiver), call.method)
}

/// Methods of lists, maps and texts that give an iterator which borrows of them.
pub(super) const BORROWING: &[&str] = &[
    "iter",
    "split",
    "lines",
    "chars",
    "split_whitespace",
    "split_terminator",
    "char_indices",
    "bytes",
    "keys",
    "values",
    "windows",
    "chunks",
];

/// Methods that make another iterator of one.
pub(super) const LAZY: &[&str] = &[
    "map",
    "filter",
    "filter_map",
    "flat_map",
    "flatten",
    "enumerate",
    "zip",
    "chain",
    "take",
    "skip",
    "take_while",
    "skip_while",
    "map_while",
    "cloned",
    "copied",
    "rev",
    "inspect",
    "step_by",
    "peekable",
];

/// Where a closure whose body has both `Some(..)` and `None` at its ends says the second.
fn row_or_none(body: &Expr) -> Option<TokenStream> {
    fn ends<'a>(expr: &'a Expr, found: &mut Vec<&'a Expr>) {
        let of_block = |block: &'a syn::Block| match block.stmts.last() {
            Some(Stmt::Expr(tail, None)) => Some(tail),
            _ => None,
        };
        match expr {
            Expr::Block(block) => of_block(&block.block).into_iter().for_each(|tail| ends(tail, found)),
            Expr::If(choice) => {
                of_block(&choice.then_branch).into_iter().for_each(|tail| ends(tail, found));
                choice.else_branch.iter().for_each(|(_, otherwise)| ends(otherwise, found));
            }
            Expr::Match(choice) => choice.arms.iter().for_each(|arm| ends(&arm.body, found)),
            Expr::Paren(inner) => ends(&inner.expr, found),
            end => found.push(end),
        }
    }
    let mut found = Vec::new();
    ends(body, &mut found);
    let is_some = |end: &&Expr| matches!(end, Expr::Call(call) if matches!(&*call.func, Expr::Path(path) if path.path.is_ident("Some")));
    let none = found.iter().find(|end| matches!(end, Expr::Path(path) if path.path.is_ident("None")))?;
    found.iter().any(is_some).then(|| none.to_token_stream())
}

/// The first `?` that leaves a closure with this body.
fn question_mark(body: &Expr) -> Option<TokenStream> {
    #[derive(Default)]
    struct Search(Option<TokenStream>);
    impl<'a> Visit<'a> for Search {
        fn visit_expr_try(&mut self, expr: &'a ExprTry) {
            self.0.get_or_insert_with(|| expr.question_token.to_token_stream());
        }
        fn visit_expr_closure(&mut self, _: &'a ExprClosure) {}
        fn visit_expr_async(&mut self, _: &'a ExprAsync) {}
        fn visit_expr_try_block(&mut self, _: &'a ExprTryBlock) {}
        fn visit_item(&mut self, _: &'a Item) {}
    }
    let mut search = Search::default();
    search.visit_expr(body);
    search.0
}

/// All names that a closure's patterns give.
pub(super) fn names_in(closure: &ExprClosure) -> Vec<Ident> {
    #[derive(Default)]
    struct Patterns(Vec<Ident>);
    impl<'a> Visit<'a> for Patterns {
        fn visit_pat_ident(&mut self, pattern: &'a PatIdent) {
            self.0.push(pattern.ident.clone());
            visit::visit_pat_ident(self, pattern);
        }
    }
    let mut patterns = Patterns::default();
    closure.inputs.iter().for_each(|input: &Pat| patterns.visit_pat(input));
    patterns.visit_expr(&closure.body);
    patterns.0
}

struct Search<'a> {
    row: Option<&'a Ident>,
    bound: &'a [Ident],
    names: &'a Names,
    /// Whether the closure says yes or no.
    is_condition: bool,
    found: Option<(TokenStream, String)>,
}

impl Search<'_> {
    fn found(&mut self, at: &impl ToTokens, message: String) {
        self.found.get_or_insert_with(|| (at.to_token_stream(), message));
    }

    /// A place in the row that is written to.
    fn changed(&mut self, place: &Expr) {
        let Some(row) = self.row else { return };
        if field_path(place, std::slice::from_ref(row)).is_some_and(|path| path.dot.is_some()) {
            let message = format!(
                "a row does not change, since other operators are given it too: make another one of it, \
                 `.map(|{row}| Row {{ field: .., ..{row} }})`, or begin with a copy, `let mut copy = {row}.clone();`"
            );
            self.found(place, message);
        }
    }
}

impl<'a> Visit<'a> for Search<'_> {
    fn visit_expr_assign(&mut self, assign: &'a ExprAssign) {
        if self.is_condition {
            let (left, right) = (written(&assign.left), written(&assign.right));
            let message =
                format!("`=` gives a value to a place, and `==` compares: write `{left} == {right}`");
            self.found(&assign.eq_token, message);
        }
        self.changed(&assign.left);
        visit::visit_expr_assign(self, assign);
    }

    fn visit_expr_binary(&mut self, binary: &'a ExprBinary) {
        if assigns(&binary.op) {
            self.changed(&binary.left);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_reference(&mut self, reference: &'a ExprReference) {
        if reference.mutability.is_some() {
            self.changed(&reference.expr);
        }
        visit::visit_expr_reference(self, reference);
    }

    fn visit_expr_path(&mut self, path: &'a ExprPath) {
        let Some(name) = path.path.get_ident().filter(|name| !self.bound.contains(name)) else { return };
        if self.names.is_named_stream(name) {
            let message = format!(
                "`{name}` is a stream, and this closure is given one row at a time: rows of two streams are brought together by \
                 operators, never inside of a closure"
            );
            self.found(name, message);
        }
        if ["null", "NULL", "nil", "undefined"].iter().any(|word| name == word) {
            let message = format!(
                "there is no `{name}`: a field that may be missing is an `Option`, which is asked with `.is_none()` and `.is_some()`"
            );
            self.found(name, message);
        }
    }
}

/// Whether an operator writes to what stands left of it.
pub(super) fn assigns(operator: &BinOp) -> bool {
    matches!(
        operator,
        BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::DivAssign(_)
            | BinOp::RemAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_)
    )
}
