//! Which fields of a row a closure reads: those of which a source's reader makes values.
//!
//! A row is known by the closure's parameter. As long as that stands only before a dot and a field, `p.cents`, nothing but
//! these fields can matter. Everything else that it may stand in is taken to read the whole row.
//!
//! # Contract
//! The fields named are all that the closure can read, whatever its code means: what is not understood reads everything. Only
//! tokens are looked at, so a name that is shadowed still counts as the row's.

use std::collections::BTreeSet;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{
    Expr, ExprCall, ExprClosure, ExprField, ExprMethodCall, Ident, Macro, Member, Pat, PatIdent,
    parse_quote_spanned,
};

use crate::written::written;

use super::shape::binder;

/// What is read of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reads {
    /// These fields and no others.
    Fields(BTreeSet<String>),
    /// Perhaps every field, and why, in words for the user.
    Whole(String),
}

impl Reads {
    /// What a closure of one row reads of it; or a function by its name, in place of a closure.
    pub(crate) fn of(function: &Expr) -> Reads {
        match function {
            Expr::Closure(closure) => Reads::of_closure(closure),
            Expr::Paren(inner) => Reads::of(&inner.expr),
            Expr::Group(inner) => Reads::of(&inner.expr),
            other => Reads::Whole(format!("`{}` takes the whole row", shortened(other))),
        }
    }

    /// What a closure of one row reads of it.
    pub(crate) fn of_closure(closure: &ExprClosure) -> Reads {
        let Some(row) = closure.inputs.first().filter(|_| closure.inputs.len() == 1) else {
            return Reads::Whole(format!("`{}` is not a closure of one row", shortened(closure)));
        };
        match (row, binder(row)) {
            (Pat::Wild(_), _) => Reads::Fields(BTreeSet::new()),
            (_, Some(name)) => Reads::of_values(name, [&*closure.body]),
            (pattern, None) => {
                Reads::Whole(format!("the pattern `{}` takes the row apart", shortened(pattern)))
            }
        }
    }

    /// What expressions read of the row of this name.
    pub(crate) fn of_values<'a>(row: &Ident, values: impl IntoIterator<Item = &'a Expr>) -> Reads {
        let mut uses = Uses { row: row.unraw().to_string(), fields: BTreeSet::new(), whole: None, seen: 0 };
        let mut mentions = 0;
        for value in values {
            uses.visit_expr(value);
            mentions += count(value.to_token_stream(), &uses.row);
        }
        if mentions > uses.seen {
            // It stands somewhere that the walk did not come to.
            uses.take_whole(|row| format!("`{row}` is used as a whole"));
        }
        uses.whole.map_or(Reads::Fields(uses.fields), Reads::Whole)
    }
}

/// An operator with what its closures read of a row: said of the handle that the operator gives, so that it is said of this
/// operator and of no other.
pub(super) fn told_reads(operator: &Expr, reads: &Reads, end: Span) -> Expr {
    match reads {
        Reads::Fields(names) => {
            let (names, reads) = (names.iter(), Ident::new("reads", end));
            parse_quote_spanned!(end=> #operator.#reads(&[#(#names),*]))
        }
        Reads::Whole(why) => {
            let reads = Ident::new("reads_whole", end);
            parse_quote_spanned!(end=> #operator.#reads(#why))
        }
    }
}

/// A walk over code that uses a row.
struct Uses {
    /// The row's name, without the `r#` of a raw one.
    row: String,
    fields: BTreeSet<String>,
    /// Why the whole row may be read, as the first place says.
    whole: Option<String>,
    /// How often the name was come by.
    seen: usize,
}

impl Uses {
    fn is_row(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Path(path) => {
                path.qself.is_none()
                    && path.path.leading_colon.is_none()
                    && path.path.segments.len() == 1
                    && path.path.segments[0].ident.unraw() == self.row
            }
            Expr::Paren(inner) => self.is_row(&inner.expr),
            Expr::Group(inner) => self.is_row(&inner.expr),
            _ => false,
        }
    }

    /// Whether the row itself, or a reference to it, is what stands there.
    fn gives_row(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Reference(inner) => self.gives_row(&inner.expr),
            Expr::Paren(inner) => self.gives_row(&inner.expr),
            Expr::Group(inner) => self.gives_row(&inner.expr),
            other => self.is_row(other),
        }
    }

    fn take_whole(&mut self, why: impl FnOnce(&str) -> String) {
        if self.whole.is_none() {
            self.whole = Some(why(&self.row));
        }
    }

    /// Takes note of a field of the row; whether it is one.
    fn field(&mut self, field: &ExprField) -> bool {
        let Member::Named(name) = &field.member else { return false };
        if !self.is_row(&field.base) {
            return false;
        }
        self.fields.insert(name.unraw().to_string());
        true
    }
}

impl<'a> Visit<'a> for Uses {
    fn visit_ident(&mut self, name: &'a Ident) {
        self.seen += usize::from(name.unraw() == self.row);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Field(field) if self.field(field) => {
                field.attrs.iter().for_each(|attribute| self.visit_attribute(attribute));
                // The row's name, and the field's, which may be the same.
                self.seen += 1;
                self.visit_member(&field.member);
            }
            other => {
                if self.is_row(other) {
                    self.take_whole(|row| format!("`{row}` is used as a whole"));
                }
                visit::visit_expr(self, other);
            }
        }
    }

    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if call.args.iter().any(|argument| self.gives_row(argument)) {
            self.take_whole(|_| format!("`{}` takes the whole row", shortened(&call.func)));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        if self.gives_row(&call.receiver) || call.args.iter().any(|argument| self.gives_row(argument)) {
            self.take_whole(|_| format!("the method `{}` takes the whole row", call.method));
        }
        visit::visit_expr_method_call(self, call);
    }

    /// Only what stands in the macro's arguments is seen, and not what the macro makes of them. A macro of `std` names nothing
    /// else; one that is not known may make the row's name of nothing.
    fn visit_macro(&mut self, call: &'a Macro) {
        let known =
            call.path.segments.last().is_some_and(|last| OF_STD.iter().any(|name| last.ident == name));
        if !known || may_name(call.tokens.clone(), &self.row) {
            self.take_whole(|_| format!("`{}!` may read the whole row", written(&call.path)));
        }
        visit::visit_macro(self, call);
    }

    /// The name again, for something else. What is meant where is then a matter of scopes, and is left alone.
    fn visit_pat_ident(&mut self, pattern: &'a PatIdent) {
        if pattern.ident.unraw() == self.row {
            self.take_whole(|row| format!("`{row}` is the name of something else, too"));
        }
        visit::visit_pat_ident(self, pattern);
    }
}

/// The macros of `std` that name no variable but those in their arguments.
const OF_STD: &[&str] = &[
    "assert",
    "assert_eq",
    "assert_ne",
    "concat",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "eprint",
    "eprintln",
    "format",
    "matches",
    "panic",
    "print",
    "println",
    "stringify",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
];

/// How often a name stands among tokens.
fn count(tokens: TokenStream, name: &str) -> usize {
    let of_token = |token| match token {
        TokenTree::Ident(word) => usize::from(word.unraw() == *name),
        TokenTree::Group(group) => count(group.stream(), name),
        TokenTree::Literal(_) | TokenTree::Punct(_) => 0,
    };
    tokens.into_iter().map(of_token).sum()
}

/// Whether a macro's arguments may name a variable, also inside of a format string: `"{p:?}"`. A text is not read as a
/// format string is: that the name is in it is enough, and so is a bracket beside letters that may be another spelling of it.
fn may_name(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word.unraw() == *name,
        TokenTree::Group(group) => may_name(group.stream(), name),
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            let spelt_otherwise = text.contains('\\') || !text.is_ascii();
            text.contains('{') && (text.contains(name) || spelt_otherwise)
        }
        TokenTree::Punct(_) => false,
    })
}

/// What the user wrote, as far as it fits into a line.
fn shortened(tokens: &impl ToTokens) -> String {
    const LETTERS_MAX: usize = 60;
    let text = written(tokens);
    match text.char_indices().nth(LETTERS_MAX) {
        Some((at, _)) => format!("{}..", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// `fields`, with spaces between them, are all that the closure reads.
    #[track_caller]
    fn reads(closure: &str, fields: &str) {
        let expected = fields.split_whitespace().map(str::to_owned).collect();
        assert_eq!(of(closure), Reads::Fields(expected), "{closure}");
    }

    #[track_caller]
    fn whole(closure: &str, why: &str) {
        assert_eq!(of(closure), Reads::Whole(why.to_owned()), "{closure}");
    }

    fn of(closure: &str) -> Reads {
        Reads::of(&syn::parse_str(closure).expect("a sample is an expression"))
    }

    #[test]
    fn fields_alone_are_read() {
        reads("|p| p.cents", "cents");
        reads("|p| p.cents > limit && !p.refunded", "cents refunded");
        reads("|p: &Payment| -> bool { p.cents > 3 }", "cents");
        reads("|_| ()", "");
        reads("|p| true", "");
        reads("|p| p.owner.address.zip", "owner");
        reads("|p| p.owner.name.len() + p.pair.0", "owner pair");
        reads("|p| (p.card, p.shop.clone())", "card shop");
        reads("|p| (p).card + (((p)).shop)", "card shop");
        reads("|p| &p.card", "card");
        reads("|p| p.tags[0].len() + p.tags[p.first as usize].len()", "first tags");
        reads("|p| Row { card: p.card, name: p.name.clone(), ..Row::new(p.shop) }", "card name shop");
        reads("|p| Row { card: p.card, ..p.rest.clone() }", "card rest");
        reads("|p| if let Some(tip) = p.tip { tip > 3 } else { p.cents > 5 }", "cents tip");
        reads("|p| match &p.paid { Paid::Card { id, .. } => id.len(), _ => 0 }", "paid");
        reads("|p| { let card = p.card; let name = &p.name; card > 3 && name.is_empty() }", "card name");
        reads("|p| (0..p.pieces).map(move |piece| Piece { id: p.id, piece })", "id pieces");
        reads("|p| p.tags.iter().any(|tag| tag.len() > p.least)", "least tags");
        reads("|p| enrich(p.card, &p.name, p.tip?)", "card name tip");
        reads("|p| i64::from(p.cents as i32) << 3", "cents");
        reads("|p| unsafe { p.card }", "card");
        reads("|r#type| r#type.r#match", "match");
        reads("|p| r#p.card", "card");
    }

    #[test]
    fn names_that_only_look_like_the_row_do_not_matter() {
        reads("|flight| Row { flight: flight.number, at: other.flight }", "number");
        reads("|p| p.p", "p");
        reads("|p| p.cents.p() + p::f(p.card) + x.p", "card cents");
        reads("|p| 'p: loop { break 'p p.card }", "card");
    }

    #[test]
    fn a_row_that_is_passed_on_is_whole() {
        whole("|p| p", "`p` is used as a whole");
        whole("|p| *p == other", "`p` is used as a whole");
        whole("|p| (*p).card", "`p` is used as a whole");
        whole("|p| ok(p)", "`ok` takes the whole row");
        whole("|p| rules::ok(3, &p)", "`rules::ok` takes the whole row");
        whole("|p| Some(p.card).filter(|c| ok(c, p))", "`ok` takes the whole row");
        whole("|p| p.is_large()", "the method `is_large` takes the whole row");
        whole("|p| (&p).is_large()", "the method `is_large` takes the whole row");
        whole("|p| p.card > 3 && other.knows(p)", "the method `knows` takes the whole row");
        whole("|p| Row { card: 3, ..p.clone() }", "the method `clone` takes the whole row");
        whole("|p| Row { card: 3, ..*p }", "`p` is used as a whole");
        whole("|p| Row { p }", "`p` is used as a whole");
        whole("|p| { let q = p; q.card }", "`p` is used as a whole");
        whole("|p| (move || p)().card", "`p` is used as a whole");
        whole("|p| p[0]", "`p` is used as a whole");
        whole("|p| p.0 > 3", "`p` is used as a whole");
        whole("|p| p?.card", "`p` is used as a whole");
        whole("|p| async { p.await }", "`p` is used as a whole");
        whole("|p| p as *const Payment as usize", "`p` is used as a whole");
        whole("|p| r#p == x", "`p` is used as a whole");
        whole("|r#p| enrich(p)", "`enrich` takes the whole row");
        whole("is_large", "`is_large` takes the whole row");
        whole("self::rules::is_large", "`self::rules::is_large` takes the whole row");
        whole("|a, b| a.x", "`|a, b| a.x` is not a closure of one row");
    }

    #[test]
    fn a_row_that_is_taken_apart_is_whole() {
        whole("|Payment { card, .. }| *card", "the pattern `Payment { card, .. }` takes the row apart");
        whole("|&p| p.card", "the pattern `&p` takes the row apart");
        whole("|p @ Payment { .. }| p.card", "the pattern `p @ Payment { .. }` takes the row apart");
        whole("|p| { let Payment { card, .. } = p; *card }", "`p` is used as a whole");
        whole("|p| match p { Payment { ref card, .. } => *card }", "`p` is used as a whole");
        whole("|p| { let Payment { ref card, .. } = *p; *card }", "`p` is used as a whole");
    }

    #[test]
    fn a_name_that_is_given_again_is_left_alone() {
        let too = "`p` is the name of something else, too";
        whole("|p| { let p = p.owner.clone(); p.card }", too);
        whole("|p| p.tags.iter().any(|p| p.len > 3)", too);
        whole("|p| match p.tip { Some(p) => p.cents, None => 0 }", too);
        whole("|p| if let Some(ref p) = p.tip { p.cents } else { 0 }", too);
        whole("|p| { for p in 0..3 {} p.card }", too);
        whole("|p| { fn f(p: &Owner) -> u64 { p.card } f(&p.owner) }", too);
    }

    #[test]
    fn macros_see_the_row_where_they_name_it_or_are_not_known() {
        reads("|p| format!(\"{} {}\", 1, LIMIT).len() > p.card", "card");
        reads("|p| { assert!(true, \"price\"); p.card }", "card");
        reads("|p| vec![1, 2].contains(&p.card)", "card");
        whole("|p| format!(\"{}\", p.card)", "`format!` may read the whole row");
        whole("|p| format!(\"{p:?}\")", "`format!` may read the whole row");
        whole("|p| format!(\"{ p }\")", "`format!` may read the whole row");
        whole("|p| format!(\"{\\u{70}:?}\")", "`format!` may read the whole row");
        whole("|p| matches!(p.paid, Paid::Cash)", "`matches!` may read the whole row");
        whole("|p| vec![p.card; 3]", "`vec!` may read the whole row");
        whole("|p| mine!()", "`mine!` may read the whole row");
        whole("|p| p.card > rules::least!()", "`rules::least!` may read the whole row");
        whole(
            "|p| { macro_rules! row { () => { p } } row!().card }",
            "`macro_rules!` may read the whole row",
        );
        whole("|p| { mine! { a } p.card }", "`mine!` may read the whole row");
    }

    #[test]
    fn what_is_not_parsed_counts_as_a_use() {
        // `syn` keeps these as tokens.
        whole("|p| { let f = builtin # offset_of(p, x); f }", "`p` is used as a whole");
        whole("|p| { #[allow(p)] p.card }", "`p` is used as a whole");
    }

    #[test]
    fn several_values_are_one_use() {
        let row = syn::parse_quote!(p);
        let values: [Expr; 3] = [
            syn::parse_quote!(sum(p.cents)),
            syn::parse_quote!(count()),
            syn::parse_quote!(max_if(p.at, p.paid > 3)),
        ];
        let expected = ["at", "cents", "paid"].map(str::to_owned);
        assert_eq!(Reads::of_values(&row, &values), Reads::Fields(expected.into()));
        let values: [Expr; 1] = [syn::parse_quote!(longest(p))];
        assert_eq!(Reads::of_values(&row, &values), Reads::Whole("`longest` takes the whole row".to_owned()));
    }

    /// A piece of code about a row `p`, and what is known of it because it was made so.
    #[derive(Debug, Clone, Default)]
    struct Piece {
        text: String,
        fields: BTreeSet<String>,
        /// Whether the row stands in it as something else than `p.field`.
        is_whole: bool,
    }

    /// Puts pieces into the places `$0` and `$1` of a text.
    fn put(text: &str, parts: [&Piece; 2]) -> Piece {
        let mut made = Piece { text: text.to_owned(), ..Piece::default() };
        for (number, part) in parts.into_iter().enumerate() {
            let place = format!("${number}");
            if text.contains(&place) {
                made.text = made.text.replace(&place, &part.text);
                made.fields.extend(part.fields.iter().cloned());
                made.is_whole |= part.is_whole;
            }
        }
        made
    }

    fn piece() -> impl Strategy<Value = Piece> {
        let field = (
            select(vec!["a", "b", "c"]),
            select(vec!["p.$", "(p).$", "p.$.x", "p.$.len()", "&p.$", "r#p.$"]),
        );
        let field = field.prop_map(|(name, text)| Piece {
            text: text.replace('$', name),
            fields: BTreeSet::from([name.to_owned()]),
            is_whole: false,
        });
        let other = select(vec!["3", "limit", "\"p\"", "x.p", "p::f()", "vec![1]", "q.a", "'p'"]);
        let other = other.prop_map(|text| Piece { text: text.to_owned(), ..Piece::default() });
        let whole = select(vec![
            "p",
            "*p",
            "&p",
            "f(p)",
            "p.f()",
            "p.0",
            "format!(\"{p}\")",
            "vec![p.a]",
            "mine!()",
            "(|| p)()",
        ]);
        let whole =
            whole.prop_map(|text| Piece { text: text.to_owned(), is_whole: true, ..Piece::default() });
        let inside = select(vec![
            "($0) + ($1)",
            "f($0, $1)",
            "($0).f($1)",
            "{ let x = $0; $1 }",
            "{ let x = match ($0) { Some(x) if x => $1, _ => $0 }; x }",
            "if ($0) { $1 } else { $0 }",
            "(move |x| ($0))($1)",
            "Row { a: $0, p: $1 }",
            "Row { a: $0, ..Row::of($1) }",
            "($0)[$1]",
            "($0, [$1; 2])",
            "($0) as u64",
            "(-($0))..=($1)",
            "{ for x in ($0) { ($1)?; } x }",
            "unsafe { $0 }",
            "{ if let Some(x) = ($0) { return $1; } 'p: loop { break 'p $0 } }",
        ]);
        prop_oneof![6 => field, 2 => other, 1 => whole].prop_recursive(5, 24, 2, move |part| {
            (inside.clone(), part.clone(), part)
                .prop_map(|(text, first, second)| put(text, [&first, &second]))
        })
    }

    proptest! {
        #[test]
        fn code_reads_what_it_was_made_to_read(code in piece()) {
            match of(&format!("|p| {{ {} }}", code.text)) {
                Reads::Fields(fields) => {
                    prop_assert!(!code.is_whole, "the row stands in {}", code.text);
                    prop_assert_eq!(fields, code.fields);
                }
                Reads::Whole(why) => prop_assert!(code.is_whole, "{} in {}", why, code.text),
            }
        }
    }
}
