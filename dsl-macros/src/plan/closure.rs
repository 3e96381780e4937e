//! Closures over rows: parameters of the pipeline are cloned into them, and field paths they give back are cloned.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Block, Expr, ExprCall, ExprClosure, ExprLit, ExprMethodCall, ExprStruct, Ident, Lit, Member, ReturnType,
    Stmt, Token, parse_quote, parse_quote_spanned,
};

use crate::ast::Parameter;
use crate::diagnostics::{error_expression, in_place};
use crate::duration::{Duration, as_meant, of_fraction};
use crate::paths::{runtime, runtime_aside};
use crate::vocabulary::{DIRECTIONS, is_aggregate, names_a_type};
use crate::written::written;

use super::meant::Meant;
use super::row_closure::names_in;
use super::shape::{binder, field_path, first_token, mentions};
use super::{arithmetic, fields};

/// What making closures ready needs to know.
#[derive(Clone, Copy)]
pub(super) struct Closures<'a> {
    pub(super) parameters: &'a [Parameter],
}

impl Closures<'_> {
    /// Makes the closure of an operator ready.
    pub(super) fn over_rows(self, mut closure: ExprClosure) -> Expr {
        InPlace { find: duration }.visit_expr_mut(&mut closure.body);
        AggregatesOut { told: None }.visit_expr_mut(&mut closure.body);
        arithmetic::rewrite(&mut closure, self.parameters);
        let used = self.used_in(&closure);
        closure = clone_given_back(closure, &used);
        let aside = closure.inputs_begin.spans[0];
        let body = std::mem::replace(&mut *closure.body, Expr::Verbatim(TokenStream::new()));
        // Behind the checks, what the closure gives back is not seen any more.
        *closure.body = fields::checked(body, |value| arithmetic::computed(value), aside);
        self.owned(closure)
    }

    /// Makes the closure of an operator ready. The condition of a filter may be a field that is none.
    pub(super) fn of_operator(self, mut closure: ExprClosure, operator: &str) -> Expr {
        if operator == "filter" {
            let row = closure.inputs.first().and_then(binder).cloned();
            condition_by_field(&mut closure.body, row.as_ref());
        }
        self.over_rows(closure)
    }

    /// Clones what a closure over rows gives back of them, and of the pipeline's parameters, but not of these rows.
    pub(super) fn clone_given_back_but(self, closure: &mut ExprClosure, rows: &[Ident]) {
        let others = closure.inputs.iter().filter_map(binder).filter(|row| !rows.contains(row)).cloned();
        let roots: Vec<Ident> = others.chain(self.used_in(closure)).collect();
        clone_result(&mut closure.body, &roots);
    }

    /// The parameters of the pipeline that a closure uses.
    fn used_in(self, closure: &ExprClosure) -> Vec<Ident> {
        let used = self.parameters.iter().filter(|parameter| mentions(&closure.body, &parameter.name));
        used.map(|parameter| parameter.name.clone()).collect()
    }

    /// Makes a closure ready in which aggregates have already been taken care of.
    pub(super) fn owned(self, mut closure: ExprClosure) -> Expr {
        InPlace { find: duration }.visit_expr_mut(&mut closure.body);
        Meant.visit_expr_mut(&mut closure.body);
        let used = self.used_in(&closure);
        closure = clone_given_back(closure, &used);
        closure.capture.get_or_insert_with(|| Token![move](closure.inputs_begin.spans[0]));
        let mut captures = TokenStream::new();
        for parameter in self.parameters.iter().filter(|parameter| mentions(&closure.body, &parameter.name)) {
            let (name, clone) = (&parameter.name, parameter_clone(parameter, Span::call_site()));
            captures.extend(quote!(#[allow(unused_variables)] let #name = #clone;));
        }
        if captures.is_empty() {
            return Expr::Closure(closure);
        }
        parse_quote!({ #captures #closure })
    }
}

/// A clone of a parameter. It names the parameter's type: if that cannot be a parameter, rustc says so there, and once.
/// It stands for what was written there: if another type is wanted there, rustc says so at that place.
pub(super) fn parameter_clone(parameter: &Parameter, there: Span) -> Expr {
    let Parameter { name, ty, .. } = parameter;
    let runtime = runtime(there);
    let name = seen_at(name, there);
    parse_quote_spanned!(there=> #runtime::pipeline_parameter::<#ty>(&#name).value())
}

/// A parameter where a length of time is taken: of the library's type or of std's, whatever `Duration` is imported as.
pub(super) fn parameter_length(parameter: &Parameter, there: Span) -> Expr {
    let Parameter { name, ty, .. } = parameter;
    let runtime = runtime(there);
    let name = seen_at(name, there);
    parse_quote_spanned!(there=> #runtime::length_of_parameter::<#ty>(&#name))
}

/// The name, which may be a raw one, as if it stood there.
fn seen_at(name: &Ident, there: Span) -> Ident {
    let mut seen = name.clone();
    seen.set_span(name.span().located_at(there));
    seen
}

/// The parameter that an expression names, if it is nothing else.
pub(super) fn parameter_of<'a>(expr: &Expr, parameters: &'a [Parameter]) -> Option<&'a Parameter> {
    let Expr::Path(path) = expr else { return None };
    parameters.iter().find(|parameter| path.path.is_ident(&parameter.name))
}

/// Asks a condition that is a field of the row, and nothing else, for what it says: what is none is told of.
pub(super) fn condition_by_field(condition: &mut Expr, row: Option<&Ident>) {
    let path = row.and_then(|row| field_path(condition, std::slice::from_ref(row)));
    let Some(path) = path.filter(|path| path.dot.is_some()) else { return };
    let aside = path.dot.unwrap_or(path.last);
    let holds = runtime_aside(path.last, aside, &["arithmetic", "YesOrNo", "holds"]);
    *condition = parse_quote_spanned!(path.last=> #holds(&#condition));
}

/// Clones the field paths that a closure over a row gives back.
pub(crate) fn clone_row_fields(closure: ExprClosure) -> ExprClosure {
    clone_given_back(closure, &[])
}

/// Clones what a closure over a row gives back of the row and of what it captures: it is called again for the next row.
fn clone_given_back(mut closure: ExprClosure, captured: &[Ident]) -> ExprClosure {
    let rows = closure.inputs.iter().filter_map(binder);
    let roots: Vec<Ident> = rows.chain(captured).cloned().collect();
    clone_result(&mut closure.body, &roots);
    let bound = names_in(&closure);
    let is_given_again = |root: &Ident| bound.iter().filter(|name| *name == root).count() > 1;
    let roots = roots.into_iter().filter(|root| !is_given_again(root)).collect();
    InRecords { roots }.visit_expr_mut(&mut closure.body);
    closure
}

/// Clones the field paths that stand in a record or in a `vec![..]`, wherever that is: without it they would be moved out of a row.
struct InRecords {
    roots: Vec<Ident>,
}

impl VisitMut for InRecords {
    fn visit_expr_struct_mut(&mut self, record: &mut ExprStruct) {
        clone_fields(record, &self.roots);
        visit_mut::visit_expr_struct_mut(self, record);
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if let Expr::Macro(list) = expr
            && list.mac.path.is_ident("vec")
            && let Ok(mut values) = list.mac.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated)
            && self.roots.iter().any(|root| values.iter().any(|value| mentions(value, root)))
        {
            for value in &mut values {
                clone_result(value, &self.roots);
                self.visit_expr_mut(value);
            }
            list.mac.tokens = values.into_token_stream();
            return;
        }
        visit_mut::visit_expr_mut(self, expr);
    }
}

/// A closure as the user wrote it, without the braces that rustfmt puts around a long one.
pub(super) fn written_closure(closure: &Expr) -> String {
    let mut key = closure.clone();
    if let Expr::Closure(closure) = &mut key
        && matches!(closure.output, ReturnType::Default)
        && let Expr::Block(block) = &*closure.body
        && let (None, [], [Stmt::Expr(value, None)]) = (&block.label, &*block.attrs, &*block.block.stmts)
    {
        *closure.body = value.clone();
    }
    written(&key)
}

/// What to say of a built-in aggregate that does not stand in a `.select(..)`.
pub(super) fn outside_select(call: &ExprCall) -> String {
    let name = super::shape::text(&call.func);
    format!(
        "`{name}` is an aggregate, which stands only in the `.select(|w, p| ..)` after a `.window(..)`, and not inside of \
         another aggregate. A function of your own \
         with this name is called by its path, such as `self::{name}(..)`"
    )
}

/// Puts the error for the first aggregate in the place of all: they are one mistake, and rustc tells the same error once.
struct AggregatesOut {
    told: Option<Expr>,
}

impl VisitMut for AggregatesOut {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Call(call) if is_aggregate(call) => {
                *expr = self.told.get_or_insert_with(|| in_place(&call.func, outside_select(call))).clone();
            }
            _ => visit_mut::visit_expr_mut(self, expr),
        }
    }
}

/// What stands for a number with a unit of time in a closure: `p.until - p.at > 10m`.
fn duration(expr: &Expr) -> Option<Expr> {
    let Expr::Lit(ExprLit { lit, .. }) = expr else { return None };
    match lit {
        Lit::Int(number) => Some(match Duration::of_literal(number) {
            Some(Ok(Duration { millis })) => {
                let runtime = runtime(number.span());
                parse_quote_spanned!(number.span()=> #runtime::dsl::duration_of_millis(#millis))
            }
            Some(Err(error)) => error_expression(&error),
            None => {
                let meant = as_meant(number.base10_digits(), number.suffix())?;
                let message = format!(
                    "a duration is one number with `ms`, `s`, `m`, `h` or `d` behind it: write `{meant}`"
                );
                in_place(number, message)
            }
        }),
        Lit::Float(number) => of_fraction(number).map(|message| in_place(number, message)),
        _ => None,
    }
}

/// Puts what `find` gives in the place of the expressions that it finds.
struct InPlace {
    find: fn(&Expr) -> Option<Expr>,
}

impl VisitMut for InPlace {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match (self.find)(expr) {
            Some(error) => *expr = error,
            None => visit_mut::visit_expr_mut(self, expr),
        }
    }
}

/// Clones the field paths that an expression gives back, so that nothing is moved out of a row that is only lent.
pub(super) fn clone_result(expr: &mut Expr, roots: &[Ident]) {
    if let Some(path) = field_path(expr, roots) {
        // As a method, so that rustc underlines the field if the type is wrong; its name lies at the dot before the field,
        // so that an editor finds nothing but the field at the field.
        let (at, aside) = (path.last, path.dot.unwrap_or(path.last));
        let clone = Ident::new("clone", aside);
        *expr = parse_quote_spanned!(at=> #expr.#clone());
        return;
    }
    match expr {
        Expr::Block(block) => clone_tail(&mut block.block, roots),
        Expr::If(branch) => {
            clone_tail(&mut branch.then_branch, roots);
            if let Some((_, otherwise)) = &mut branch.else_branch {
                clone_result(otherwise, roots);
            }
        }
        Expr::Match(choice) => choice.arms.iter_mut().for_each(|arm| clone_result(&mut arm.body, roots)),
        Expr::Struct(record) => clone_fields(record, roots),
        Expr::Tuple(tuple) => tuple.elems.iter_mut().for_each(|element| clone_result(element, roots)),
        Expr::Array(array) => array.elems.iter_mut().for_each(|element| clone_result(element, roots)),
        Expr::Paren(paren) => clone_result(&mut paren.expr, roots),
        // `Some(p.card)`, `Cents(p.amount)`: a record in tuple form.
        // And what `top` goes by, `desc(r.name)`.
        Expr::Call(call) if matches!(&*call.func, Expr::Path(path) if names_a_type(&path.path) || is_direction(&path.path)) =>
        {
            call.args.iter_mut().for_each(|argument| clone_result(argument, roots));
        }
        Expr::MethodCall(call) => clone_in_closures(call, roots),
        _ => {}
    }
}

/// Clones what closures give back that are inside of the one over rows, as in `p.tags.iter().map(|tag| Tagged { card: p.card, .. })`.
fn clone_in_closures(call: &mut ExprMethodCall, roots: &[Ident]) {
    for argument in &mut call.args {
        let Expr::Closure(closure) = argument else { continue };
        let bound = names_in(closure);
        let roots: Vec<Ident> = roots.iter().filter(|root| !bound.contains(root)).cloned().collect();
        clone_result(&mut closure.body, &roots);
    }
    if let Expr::MethodCall(before) = &mut *call.receiver {
        clone_in_closures(before, roots);
    }
}

fn is_direction(path: &syn::Path) -> bool {
    path.get_ident().is_some_and(|name| DIRECTIONS.iter().any(|direction| name == direction))
}

fn clone_fields(record: &mut ExprStruct, roots: &[Ident]) {
    for field in &mut record.fields {
        // A shorthand field is a variable of the closure's own, or one that it captures.
        let captured = matches!(&field.member, Member::Named(name) if roots.contains(name));
        if field.colon_token.is_some() || captured {
            field.colon_token.get_or_insert_with(|| Token![:](first_token(&field.expr)));
            clone_result(&mut field.expr, roots);
        }
    }
    if let Some(rest) = &mut record.rest {
        clone_result(rest, roots);
    }
}

fn clone_tail(block: &mut Block, roots: &[Ident]) {
    if let Some(Stmt::Expr(tail, None)) = block.stmts.last_mut() {
        clone_result(tail, roots);
    }
}
