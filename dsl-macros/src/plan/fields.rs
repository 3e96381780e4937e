//! The fields of the record that a `.select(..)` makes: what is computed for one is checked against its type.
//!
//! rustc would say "mismatched types" of them, and no more. A field with an aggregate in it is passed through a function of
//! the runtime, whose bound names the aggregate and both types, and says what to do:
//!
//! ```text
//! let fields = Fields::new();
//! let row = CardMinute { card: w.key(), n: TakesCount::give(&fields, a0), total: TakesComputed::give(&fields, a1 + a2) };
//! fields.filled(row)
//! ```
//!
//! The types of a generic record's fields may follow from their values; so the bounds are looked at once the record is
//! there, which is what `fields` and `filled` are for.

use proc_macro2::Span;
use quote::quote_spanned;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    BinOp, Block, Expr, ExprLit, ExprPath, ExprStruct, Ident, Lit, LitFloat, Stmt, Type, parse_quote_spanned,
};

use crate::ast::Parameter;
use crate::paths::{camel_case, runtime_aside};

use super::closure::parameter_of;
use super::shape::{first_token, is_to_be_written, last_token};

/// Adds the checks to what a `select` gives back; `bound` is the trait that says what the value of a field gives, if that is to be checked, and may put another in its place.
/// `aside` is the place of what is added.
pub(super) fn checked(mut body: Expr, bound: impl Fn(&mut Expr) -> Option<String>, aside: Span) -> Expr {
    let fields = Ident::new(FIELDS, aside);
    let mut fill = Fill { bound, filled: false };
    fill.result(&mut body);
    if !fill.filled {
        return body;
    }
    let new = runtime_aside(aside, aside, &["Fields", "new"]);
    let row = Ident::new("__row", aside);
    let filled = Ident::new("filled", aside);
    parse_quote_spanned!(aside=> { let #fields = #new(); let #row = #body; #fields.#filled(#row) })
}

const FIELDS: &str = "__fields";

/// The bound on what a field of a window's row is given: for an aggregate that stands there alone, one that knows its name. `aggregates` are
/// the names of those whose results are used.
pub(super) fn of_aggregates(value: &Expr, aggregates: &[&str]) -> Option<String> {
    let mut results = Results::default();
    results.visit_expr(value);
    let number = *results.numbers.first()?;
    let alone = matches!(value, Expr::Call(call) if is_result_call(call)) && results.numbers.len() == 1;
    let name = aggregates.get(number).copied().filter(|name| alone && !name.is_empty());
    Some(format!("Takes{}", camel_case(name.unwrap_or("computed"))))
}

/// The bound on a field that is given what a window knows: its key, its start or its end.
pub(super) fn of_window(value: &Expr) -> Option<String> {
    let call = match value {
        Expr::MethodCall(call) => call,
        Expr::Binary(_) if is_computed_of_window(value) => return Some("TakesOfWindow".to_owned()),
        _ => return None,
    };
    let is_asked = matches!(&*call.receiver, Expr::Path(_)) && call.args.is_empty();
    match call.method.to_string().as_str() {
        "key" if is_asked => Some("TakesKey".to_owned()),
        "start" | "end" if is_asked => Some("TakesEdge".to_owned()),
        "millis" | "to_string" if is_computed_of_window(&call.receiver) => Some("TakesOfWindow".to_owned()),
        _ => None,
    }
}

/// Whether an expression is what a window knows, or computed of nothing else.
fn is_computed_of_window(value: &Expr) -> bool {
    match value {
        Expr::Paren(inner) => is_computed_of_window(&inner.expr),
        Expr::Binary(binary) => {
            [&binary.left, &binary.right].into_iter().all(|side| is_computed_of_window(side))
        }
        value => of_window(value).is_some_and(|bound| bound == "TakesEdge"),
    }
}

struct Fill<F> {
    bound: F,
    filled: bool,
}

impl<F: Fn(&mut Expr) -> Option<String>> Fill<F> {
    /// Walks over what an expression may give back.
    fn result(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Struct(record) => self.record(record),
            Expr::Block(block) => self.tail(&mut block.block),
            Expr::If(branch) => {
                self.tail(&mut branch.then_branch);
                if let Some((_, otherwise)) = &mut branch.else_branch {
                    self.result(otherwise);
                }
            }
            Expr::Match(choice) => choice.arms.iter_mut().for_each(|arm| self.result(&mut arm.body)),
            Expr::Paren(paren) => self.result(&mut paren.expr),
            _ => {}
        }
    }

    fn tail(&mut self, block: &mut Block) {
        if let Some(Stmt::Expr(tail, None)) = block.stmts.last_mut() {
            self.result(tail);
        }
    }

    fn record(&mut self, record: &mut ExprStruct) {
        for field in record.fields.iter_mut().filter(|field| field.colon_token.is_some()) {
            let Some(bound) = (self.bound)(&mut field.expr) else { continue };
            let value = &field.expr;
            // From the first token of the value to its last: rustc underlines this argument, where the field does not fit.
            let (first, last) = (first_token(value), last_token(value));
            let aside = field.colon_token.map_or(first, |colon| colon.spans[0]);
            let give = runtime_aside(first, aside, &["fields", &bound, "give"]);
            // A bracket ends it there, and no word: at a word an editor would be told of both.
            let fields = Ident::new(FIELDS, aside);
            let last = if is_to_be_written(value) { aside } else { last };
            let fields = quote_spanned!(last=> (#fields));
            let fields = quote_spanned!(first=> &#fields);
            field.expr = parse_quote_spanned!(first=> #give(#fields, #value));
            self.filled = true;
        }
    }
}

/// Arithmetic between two values whose types are known, at least one of them an aggregate's result: as a call, whose bound
/// names both types where they do not go together.
/// A number with a fraction beside an aggregate that is no `f32` is an `f64`. `aggregates` are the names of those whose results are used.
pub(super) fn arithmetic(expr: &mut Expr, parameters: &[Parameter], aggregates: &[&str]) {
    let Expr::Binary(binary) = expr else { return };
    let (bound, method) = match binary.op {
        BinOp::Add(_) => ("Plus", "apply"),
        BinOp::Sub(_) => ("Minus", "apply"),
        BinOp::Mul(_) => ("Times", "apply"),
        BinOp::Div(_) => ("DividedBy", "apply"),
        BinOp::Rem(_) => ("Modulo", "apply"),
        BinOp::Lt(_) => ("Ordered", "is_less"),
        BinOp::Le(_) => ("Ordered", "is_at_most"),
        BinOp::Gt(_) => ("Ordered", "is_greater"),
        BinOp::Ge(_) => ("Ordered", "is_at_least"),
        _ => return,
    };
    let mut results = Results::default();
    results.visit_expr_binary(binary);
    let is_no_f32 = |number: &usize| {
        let name = aggregates.get(*number).copied().unwrap_or_default();
        ["sum", "mean", "count", "distinct", "approx_distinct", "quantile"]
            .contains(&name.trim_end_matches("_if"))
    };
    if !results.numbers.is_empty() && results.numbers.iter().all(is_no_f32) {
        [&mut binary.left, &mut binary.right].into_iter().for_each(|side| with_its_type(side));
    }
    let known = |side| is_of_known_type(side, parameters);
    if results.numbers.is_empty() || !known(&binary.left) || !known(&binary.right) {
        return;
    }
    let (at, left, right) = (binary.op.span(), &binary.left, &binary.right);
    let apply = runtime_aside(at, at, &["fields", bound, method]);
    *expr = match method {
        "apply" => parse_quote_spanned!(at=> #apply(#left, #right)),
        _ => parse_quote_spanned!(at=> #apply(&(&#left, &#right))),
    };
}

/// `100.0` as `100.0f64`.
fn with_its_type(side: &mut Expr) {
    if let Expr::Lit(ExprLit { lit: Lit::Float(number), .. }) = side
        && number.suffix().is_empty()
    {
        *number = LitFloat::new(&format!("{}f64", number.base10_digits()), number.span());
    }
}

/// Whether an expression has a type that is its own: a literal takes that of the other side.
fn is_of_known_type(expr: &Expr, parameters: &[Parameter]) -> bool {
    match expr {
        Expr::Call(call) => is_result_call(call),
        Expr::Field(_) => true,
        Expr::Lit(ExprLit { lit: Lit::Float(number), .. }) => !number.suffix().is_empty(),
        Expr::Cast(cast) => !matches!(&*cast.ty, Type::Infer(_)),
        Expr::Paren(paren) => is_of_known_type(&paren.expr, parameters),
        Expr::Unary(unary) => is_of_known_type(&unary.expr, parameters),
        Expr::MethodCall(call) => is_of_known_type(&call.receiver, parameters),
        other => parameter_of(other, parameters).is_some(),
    }
}

/// Whether a call is the one that stands for an aggregate: of a function of the runtime, on a result.
fn is_result_call(call: &syn::ExprCall) -> bool {
    matches!(&*call.func, Expr::Path(path) if path.path.leading_colon.is_some())
}

/// The numbers of the results that an expression uses.
#[derive(Default)]
struct Results {
    numbers: Vec<usize>,
}

impl<'a> Visit<'a> for Results {
    fn visit_expr_path(&mut self, path: &'a ExprPath) {
        let name = path.path.get_ident().map(ToString::to_string).unwrap_or_default();
        self.numbers.extend(name.strip_prefix("__a").and_then(|number| number.parse::<usize>().ok()));
        visit::visit_expr_path(self, path);
    }
}
