//! Fields that are named without their row, where an operator takes a closure: `.filter(cents > 500)`.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprCall, ExprField, ExprPath, FieldValue, Ident, Member, parse_quote};

use crate::ast::{Parameter, Pipeline, Statement};
use crate::written::written;

/// The names that fields have in a pipeline: read of a row, or given to a record.
pub(super) fn fields_in(pipeline: &Pipeline) -> BTreeSet<String> {
    #[derive(Default)]
    struct Fields(BTreeSet<String>);
    impl Fields {
        fn take(&mut self, member: &Member) {
            if let Member::Named(name) = member {
                self.0.insert(name.to_string());
            }
        }
    }
    impl<'a> Visit<'a> for Fields {
        fn visit_expr_field(&mut self, field: &'a ExprField) {
            self.take(&field.member);
            visit::visit_expr_field(self, field);
        }

        fn visit_field_value(&mut self, field: &'a FieldValue) {
            self.take(&field.member);
            visit::visit_field_value(self, field);
        }
    }
    let mut fields = Fields::default();
    for statement in &pipeline.statements {
        fields.visit_expr(match statement {
            Statement::Let(statement) => &statement.value,
            Statement::Expression(value) => value,
        });
    }
    fields.0
}

/// The closure that is meant by an expression over names that nothing gives: `|row| row.cents > 500`, or `|p| p.cents > 500` of
/// `p.cents > 500`. Nothing, if it names nothing, or rows of several names.
pub(super) fn closure_of(value: &Expr, parameters: &[Parameter]) -> Option<String> {
    let mut names = Bare { parameters, rows: BTreeSet::new(), fields: false, closures: false };
    let mut value = value.clone();
    names.visit_expr_mut(&mut value);
    if names.closures {
        return None;
    }
    match (names.rows.into_iter().collect::<Vec<_>>().as_slice(), names.fields) {
        ([], true) => Some(format!("|row| {}", written(&value))),
        ([row], false) => Some(format!("|{row}| {}", written(&value))),
        _ => None,
    }
}

/// Puts the row in front of each field that stands alone, and gathers the names that have fields.
struct Bare<'a> {
    parameters: &'a [Parameter],
    rows: BTreeSet<String>,
    fields: bool,
    closures: bool,
}

impl Bare<'_> {
    fn variable<'e>(&self, expr: &'e Expr) -> Option<&'e Ident> {
        let Expr::Path(ExprPath { qself: None, path, .. }) = expr else { return None };
        let name = path.get_ident()?;
        let is_parameter = self.parameters.iter().any(|parameter| parameter.name == *name);
        let text = name.to_string();
        (!is_parameter && text != "self" && text.starts_with(char::is_lowercase)).then_some(name)
    }
}

impl VisitMut for Bare<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if let Some(field) = self.variable(expr).cloned() {
            self.fields = true;
            *expr = parse_quote!(row.#field);
            return;
        }
        self.closures |= matches!(expr, Expr::Closure(_));
        visit_mut::visit_expr_mut(self, expr);
    }

    fn visit_expr_field_mut(&mut self, field: &mut ExprField) {
        if matches!(&*field.base, Expr::Infer(_)) {
            *field.base = parse_quote!(row);
        }
        match self.variable(&field.base).map(ToString::to_string) {
            Some(row) => {
                self.rows.insert(row);
            }
            None => self.visit_expr_mut(&mut field.base),
        }
    }

    /// What is called is a function.
    fn visit_expr_call_mut(&mut self, call: &mut ExprCall) {
        call.args.iter_mut().for_each(|argument| self.visit_expr_mut(argument));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, closure: Option<&str>) {
        let value: Expr = syn::parse_str(value).expect("the sample is an expression");
        assert_eq!(closure_of(&value, &[]).as_deref(), closure);
    }

    #[test]
    fn a_value_of_bare_fields_becomes_a_closure_over_the_row() {
        check("cents > 500", Some("|row| row.cents > 500"));
        check("cents > 500 && shop == \"a\"", Some("|row| row.cents > 500 && row.shop == \"a\""));
        check("(card, shop)", Some("|row| (row.card, row.shop)"));
        check("!refunded", Some("|row| !row.refunded"));
        check("shop.starts_with(\"a\")", Some("|row| row.shop.starts_with(\"a\")"));
        check("is_large(cents)", Some("|row| is_large(row.cents)"));
    }

    #[test]
    fn a_row_that_has_a_name_keeps_it() {
        check("p.cents > 500", Some("|p| p.cents > 500"));
        check("_.cents > 500", Some("|row| row.cents > 500"));
        check("p.cents > r.cents", None);
        check("p.cents > limit", None);
        check("500 > 4", None);
        check("[|p| p.card, |p| p.shop]", None);
    }
}
