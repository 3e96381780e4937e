//! What stands in a closure over rows, and no type of a field can make right: a text that is matched as if it were a `str`, a letter in
//! single quotes, a row that is indexed by a name, or changed under another one.
//!
//! A field is never a `str`, a `char` or borrowed, as it is kept in the log. So a string literal as a pattern of it, or a `char` beside it, is
//! a mistake whatever its type.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{
    BinOp, Expr, ExprAssign, ExprAsync, ExprAwait, ExprBinary, ExprClosure, ExprIndex, ExprLit, ExprMatch,
    ExprMethodCall, ExprReference, Ident, Lit, Local, Macro, Pat, PatIdent, UnOp,
};

use crate::written::written;

use super::row_closure::{assigns, names_in};
use super::shape::{binder, field_path};

/// The first mistake in a closure over rows, and where.
pub(super) fn mistake(closure: &ExprClosure) -> Option<(TokenStream, String)> {
    let bound = names_in(closure);
    // A name that is given again inside is no longer the row.
    let is_row = |row: &&Ident| bound.iter().filter(|name| *name == *row).count() == 1;
    let rows = closure.inputs.iter().filter_map(binder).filter(is_row).cloned().collect();
    // Given again once, and not in a closure of its own.
    let is_given_once_more = |name: &&Ident| bound.iter().filter(|known| *known == *name).count() == 2;
    let parameters = closure.inputs.iter().filter_map(binder).filter(is_given_once_more).cloned().collect();
    let mut search = Search { rows, parameters, others: Vec::new(), found: None };
    search.visit_expr(&closure.body);
    search.found
}

struct Search {
    rows: Vec<Ident>,
    /// Other names of a row, `let mut other = row`, and where they are given.
    others: Vec<(Ident, Expr)>,
    /// The closure's parameters, whatever has their names further down.
    parameters: Vec<Ident>,
    found: Option<(TokenStream, String)>,
}

impl Search {
    fn found(&mut self, at: &impl ToTokens, message: String) {
        self.found.get_or_insert_with(|| (at.to_token_stream(), message));
    }

    /// Whether an expression is a field of a row.
    fn is_field(&self, expr: &Expr) -> bool {
        field_path(expr, &self.rows).is_some_and(|path| path.dot.is_some())
    }

    /// `let mut p = p`, where `p` is the row.
    fn is_given_again(&self, name: &PatIdent, value: &Expr) -> bool {
        self.parameters.contains(&name.ident)
            && matches!(value, Expr::Path(row) if row.path.is_ident(&name.ident))
    }

    fn is_row(&self, expr: &Expr) -> bool {
        field_path(expr, &self.rows).is_some_and(|path| path.dot.is_none())
    }

    /// A place that is written to.
    fn changed(&mut self, place: &Expr) {
        let is_in = |(other, _): &&(Ident, Expr)| {
            field_path(place, std::slice::from_ref(other)).is_some_and(|path| path.dot.is_some())
        };
        let Some((other, row)) = self.others.iter().find(is_in).cloned() else { return };
        let text = written(&row);
        let message = format!(
            "`{text}` is lent, and `{other}` would be no copy of it: a row that is to be changed is copied first, `let mut {other} = {text}.clone();`"
        );
        self.found(&row, message);
    }

    fn compared(&mut self, binary: &ExprBinary) {
        let (field, literal) = match (&*binary.left, &*binary.right) {
            (field, Expr::Lit(literal)) | (Expr::Lit(literal), field) if self.is_field(field) => {
                (field, literal)
            }
            _ => return,
        };
        let is_equality = matches!(binary.op, BinOp::Eq(_) | BinOp::Ne(_));
        let is_order = matches!(binary.op, BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_));
        let field = written(field);
        match &literal.lit {
            Lit::Char(letter) if is_equality || is_order => {
                let text = letter.value().to_string();
                let message = match is_equality {
                    true => format!("a text stands in double quotes: write `{text:?}`"),
                    false => format!(
                        "a text stands in double quotes, and is compared as a `str`: write `{field}.as_str()` and `{text:?}`"
                    ),
                };
                self.found(literal, message);
            }
            Lit::Str(text) if is_order => {
                let text = text.value();
                let message = match is_date(&text) {
                    true => format!(
                        "a time is compared with a `Timestamp`, which is no text: give it as a parameter of the pipeline, `since: Timestamp`, made \
                         where it is called, `\"2024-01-01T00:00:00Z\".parse().unwrap()`; where `{field}` is a text, write `{field}.as_str()`"
                    ),
                    false => format!(
                        "texts are compared as `str`: write `{field}.as_str()` in the place of `{field}`"
                    ),
                };
                self.found(literal, message);
            }
            _ => {}
        }
    }

    /// `p.shop == "A" || "B"`, `p.shop == "A" & p.paid`.
    fn conditions(&mut self, both: &ExprBinary) {
        let is_condition = |side: &Expr| match side {
            Expr::Binary(binary) => is_comparison(&binary.op),
            _ => false,
        };
        match both.op {
            BinOp::Or(_) | BinOp::And(_) => {
                let Expr::Binary(compared) = &*both.left else { return };
                if is_condition(&both.left)
                    && let Expr::Lit(ExprLit { lit: Lit::Str(_) | Lit::Int(_) | Lit::Float(_), .. }) =
                        &*both.right
                {
                    let (value, sign, other) =
                        (written(&compared.left), written(&compared.op), written(&both.right));
                    let message =
                        format!("each side is a condition of its own: write `{value} {sign} {other}`");
                    self.found(&both.right, message);
                }
            }
            // `a == b & c` is `a == (b & c)`.
            BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) => {
                if let Expr::Binary(bits) = &*both.right
                    && let BinOp::BitAnd(_) | BinOp::BitOr(_) = bits.op
                    && matches!(&*bits.left, Expr::Lit(_))
                    && (self.is_field(&bits.right) || is_condition(&bits.right))
                {
                    let sign = if matches!(bits.op, BinOp::BitAnd(_)) { "&&" } else { "||" };
                    self.found(
                        &bits.op,
                        format!(
                            "two conditions are put together by `{sign}`: `{}` is of the bits of numbers",
                            written(&bits.op)
                        ),
                    );
                }
            }
            _ => {}
        }
    }

    /// `["A", "B"].contains(p.shop)`.
    fn held_by_texts(&mut self, call: &ExprMethodCall) {
        let is_text = |element: &Expr| matches!(element, Expr::Lit(ExprLit { lit: Lit::Str(_), .. }));
        let Expr::Array(texts) = &*call.receiver else { return };
        let Some(value) = call.args.first().filter(|_| call.method == "contains") else { return };
        let field = match value {
            Expr::Reference(lent) => &*lent.expr,
            field => field,
        };
        if self.is_field(field) && texts.elems.first().is_some_and(is_text) {
            let (texts, field) = (written(texts), written(field));
            self.found(
                value,
                format!(
                    "a text is compared as a `str`, and lent: write `{texts}.contains(&{field}.as_str())`"
                ),
            );
        }
    }

    /// `matches!(p.shop, "A" | "B")`.
    fn matches(&mut self, call: &Macro) {
        let tokens: Vec<TokenTree> = call.tokens.clone().into_iter().collect();
        let comma = tokens
            .iter()
            .position(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','));
        let Some(comma) = comma.filter(|_| call.path.is_ident("matches")) else { return };
        let Ok(value) = syn::parse2::<Expr>(tokens[..comma].iter().cloned().collect()) else { return };
        // Behind `if` stands a condition.
        let pattern: TokenStream = tokens[comma + 1..]
            .iter()
            .take_while(|token| !matches!(token, TokenTree::Ident(word) if word == "if"))
            .cloned()
            .collect();
        let Ok(pattern) = syn::parse::Parser::parse2(Pat::parse_multi_with_leading_vert, pattern) else {
            return;
        };
        if self.is_field(&value) && is_text(&pattern) {
            let field = written(&value);
            let message = format!("a text is matched as a `str`: write `matches!({field}.as_str(), ..)`");
            self.found(&value, message);
        }
    }
}

impl<'a> Visit<'a> for Search {
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        if let Some(field) = of_getter(&call.method.to_string()).filter(|_| call.args.is_empty())
            && self.is_row(&call.receiver)
        {
            let row = written(&call.receiver);
            let message =
                format!("a row has its fields for all to see, and no getters: write `{row}.{field}`");
            self.found(&call.method, message);
        }
        self.held_by_texts(call);
        if let Some((at, message)) = rounded_to_places(call) {
            self.found(&at, message);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_assign(&mut self, assign: &'a ExprAssign) {
        self.changed(&assign.left);
        visit::visit_expr_assign(self, assign);
    }

    fn visit_expr_reference(&mut self, reference: &'a ExprReference) {
        if reference.mutability.is_some() {
            self.changed(&reference.expr);
        }
        visit::visit_expr_reference(self, reference);
    }

    fn visit_expr_binary(&mut self, binary: &'a ExprBinary) {
        self.compared(binary);
        if assigns(&binary.op) {
            self.changed(&binary.left);
        }
        self.conditions(binary);
        if let (BinOp::Mul(_), Expr::Unary(power)) = (&binary.op, &*binary.right)
            && let (UnOp::Deref(_), Expr::Lit(number)) = (&power.op, &*power.expr)
        {
            let (base, power) = (written(&binary.left), written(number));
            let message = format!(
                "a power is a method: write `{base}.pow({power})` of whole numbers, and `{base}.powi({power})` of floats"
            );
            self.found(&binary.right, message);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_match(&mut self, choice: &'a ExprMatch) {
        if self.is_field(&choice.expr) && choice.arms.iter().any(|arm| is_text(&arm.pat)) {
            let field = written(&choice.expr);
            let message = format!("a text is matched as a `str`: write `match {field}.as_str() {{ .. }}`");
            self.found(&choice.expr, message);
        }
        visit::visit_expr_match(self, choice);
    }

    fn visit_macro(&mut self, call: &'a Macro) {
        self.matches(call);
    }

    fn visit_expr_await(&mut self, waiting: &'a ExprAwait) {
        let message = "a closure over rows waits for nothing: what it needs of elsewhere is a parameter of the pipeline, or comes as a topic of its own, \
                       which is joined or looked up";
        self.found(&waiting.await_token, message.to_owned());
    }

    /// What is inside of it waits there.
    fn visit_expr_async(&mut self, _: &'a ExprAsync) {}

    fn visit_expr_index(&mut self, index: &'a ExprIndex) {
        if let Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) = &*index.index
            && self.is_row(&index.expr)
        {
            let row = written(&index.expr);
            let message = format!("a row's fields are named behind a dot: write `{row}.{}`", name.value());
            self.found(index, message);
        }
        visit::visit_expr_index(self, index);
    }

    fn visit_local(&mut self, local: &'a Local) {
        if let (Pat::Ident(name), Some(init)) = (&local.pat, &local.init)
            && name.mutability.is_some()
            && (self.is_row(&init.expr) || self.is_given_again(name, &init.expr))
        {
            self.others.push((name.ident.clone(), (*init.expr).clone()));
        }
        visit::visit_local(self, local);
    }
}

/// `p.rate.round(2)`: what to say of it, and where.
pub(super) fn rounded_to_places(call: &ExprMethodCall) -> Option<(TokenStream, String)> {
    let Some(Expr::Lit(ExprLit { lit: Lit::Int(places), .. })) = call.args.first() else { return None };
    let value = written(&call.receiver);
    let one = format!("{}.0", 10_u64.pow(places.base10_parse::<u32>().unwrap_or(2).min(9)));
    (call.method == "round").then(|| {
        let message = format!("`round` takes no number of places: write `({value} * {one}).round() / {one}`");
        (call.method.to_token_stream(), message)
    })
}

fn is_comparison(sign: &BinOp) -> bool {
    matches!(sign, BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_))
}

/// The field that `getShop` and `isPaid` are meant to give.
fn of_getter(method: &str) -> Option<String> {
    let name = method.strip_prefix("get").or_else(|| method.strip_prefix("is"))?;
    name.starts_with(char::is_uppercase).then(|| {
        let mut field = String::new();
        for letter in name.chars() {
            if letter.is_uppercase() && !field.is_empty() {
                field.push('_');
            }
            field.extend(letter.to_lowercase());
        }
        field
    })
}

/// Whether a pattern is a text, or one of several.
fn is_text(pattern: &Pat) -> bool {
    match pattern {
        Pat::Lit(ExprLit { lit: Lit::Str(_), .. }) => true,
        Pat::Or(several) => several.cases.iter().any(is_text),
        Pat::Paren(inner) => is_text(&inner.pat),
        _ => false,
    }
}

/// Whether a text begins as dates do.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 5 && bytes[..4].iter().all(u8::is_ascii_digit) && matches!(bytes[4], b'-' | b'/')
}
