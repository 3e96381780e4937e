//! A field of the row that a closure makes, taken for a name: `Row { total: sum(p.cents), share: total / 2 }`, as SQL and data frames have it.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Expr, ExprBinary, ExprClosure, ExprStruct, FieldValue, Ident, Member};

use crate::written::written;

use super::row_closure::names_in;

/// The first name that is a field of the same record and nothing else, and what to write.
pub(super) fn mistake(
    closure: &ExprClosure,
    is_given: impl Fn(&Ident) -> bool,
) -> Option<(TokenStream, String)> {
    let mut search =
        Search { bound: names_in(closure), is_given: &is_given, record: None, own: None, found: None };
    search.visit_expr(&closure.body);
    search.found
}

struct Search<'a> {
    /// What has a name in the closure.
    bound: Vec<Ident>,
    /// Whether it is one of the pipeline's.
    is_given: &'a dyn Fn(&Ident) -> bool,
    /// The record whose fields are looked at.
    record: Option<&'a ExprStruct>,
    /// The field whose value is looked at: its own name in it may be half of a word.
    own: Option<&'a Member>,
    found: Option<(TokenStream, String)>,
}

impl<'a> Search<'a> {
    /// A value that something is done with: where a function may stand as well, a name may be that of one.
    fn operand(&mut self, value: &'a Expr) {
        match value {
            Expr::Path(path) => {
                let given = path.path.get_ident().and_then(|name| Some((name, self.field(name)?)));
                if let Some((name, field)) = given {
                    let value = written(&field.expr);
                    let message = format!(
                        "`{name}` is a field of the row that is made here, and no name: name its value before, `let {name} = {value};`, in braces around \
                         the row, and write `{name}` for the field"
                    );
                    self.found.get_or_insert_with(|| (name.to_token_stream(), message));
                }
            }
            Expr::Paren(inner) => self.operand(&inner.expr),
            Expr::Cast(cast) => self.operand(&cast.expr),
            Expr::Unary(unary) => self.operand(&unary.expr),
            Expr::MethodCall(call) => self.operand(&call.receiver),
            _ => {}
        }
    }

    /// The field of that name, which has a value of its own and is no name of the closure.
    fn field(&self, name: &Ident) -> Option<&'a FieldValue> {
        let fields = &self.record?.fields;
        let is_it = |field: &&FieldValue| {
            field.colon_token.is_some()
                && self.own != Some(&field.member)
                && matches!(&field.member, Member::Named(member) if member == name)
        };
        fields.iter().find(is_it).filter(|_| !self.bound.contains(name) && !(self.is_given)(name))
    }
}

impl<'a> Visit<'a> for Search<'a> {
    fn visit_expr_struct(&mut self, record: &'a ExprStruct) {
        let outer = self.record.replace(record);
        visit::visit_expr_struct(self, record);
        self.record = outer;
    }

    fn visit_field_value(&mut self, field: &'a FieldValue) {
        let outer = self.own.replace(&field.member);
        if !matches!(field.expr, Expr::Path(_)) {
            self.operand(&field.expr);
        }
        visit::visit_field_value(self, field);
        self.own = outer;
    }

    fn visit_expr_binary(&mut self, binary: &'a ExprBinary) {
        self.operand(&binary.left);
        self.operand(&binary.right);
        visit::visit_expr_binary(self, binary);
    }
}
