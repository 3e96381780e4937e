//! Each sample pipeline cut at every token: the macro never panics, and the statements before the cut are still emitted.

use proc_macro2::{Group, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{ItemFn, Local, Pat};

use super::{PIPELINES, TOPICS};

#[test]
fn a_pipeline_cut_at_any_token_keeps_the_statements_before_the_cut() {
    for (name, text) in PIPELINES {
        let whole: TokenStream = text.parse().expect("a sample is Rust tokens");
        for length in 0..count(&whole) {
            let (cut, _) = take(whole.clone(), length);
            let expanded = crate::expand::pipeline(TokenStream::new(), cut.clone());
            let file: syn::File = syn::parse2(expanded).unwrap_or_else(|error| {
                panic!("{name} cut after {length} tokens expands to no Rust: {error}\n{cut}")
            });
            let Some(before) = complete_lets(&cut) else { continue };
            let emitted = emitted_lets(&file);
            assert!(
                before.iter().all(|name| emitted.contains(name)),
                "{name} cut after {length} tokens: of {before:?} only {emitted:?} were emitted"
            );
        }
    }
}

#[test]
fn a_list_of_topics_cut_at_any_token_does_not_panic() {
    for (name, text) in TOPICS {
        let whole: TokenStream = text.parse().expect("a sample is Rust tokens");
        for length in 0..count(&whole) {
            let (cut, _) = take(whole.clone(), length);
            let expanded = crate::expand::topics(cut);
            assert!(
                syn::parse2::<syn::File>(expanded).is_ok(),
                "{name} cut after {length} tokens expands to no Rust"
            );
        }
    }
}

/// How many tokens there are, those inside of groups and the groups' opening brackets among them.
pub(super) fn count(tokens: &TokenStream) -> usize {
    tokens
        .clone()
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(group) => 1 + count(&group.stream()),
            _ => 1,
        })
        .sum()
}

/// The first `budget` tokens, with all open brackets closed, and what is left of the budget.
pub(super) fn take(tokens: TokenStream, mut budget: usize) -> (TokenStream, usize) {
    let mut taken = Vec::new();
    for token in tokens {
        if budget == 0 {
            break;
        }
        budget -= 1;
        taken.push(match token {
            TokenTree::Group(group) => {
                let (inner, left) = take(group.stream(), budget);
                budget = left;
                TokenTree::Group(Group::new(group.delimiter(), inner))
            }
            other => other,
        });
    }
    (taken.into_iter().collect(), budget)
}

/// The names of the `let`s of the body that end in a semicolon; `None` if the cut lies before the body.
fn complete_lets(cut: &TokenStream) -> Option<Vec<String>> {
    let body = cut.clone().into_iter().last()?;
    let TokenTree::Group(body) = body else { return None };
    if body.delimiter() != proc_macro2::Delimiter::Brace {
        return None;
    }
    let tokens: Vec<TokenTree> = body.stream().into_iter().collect();
    let end =
        tokens.iter().rposition(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';'));
    let complete = &tokens[..end.map_or(0, |end| end + 1)];
    let names = complete.windows(2).filter_map(|pair| match pair {
        [TokenTree::Ident(word), TokenTree::Ident(name)] if word == "let" => Some(name.to_string()),
        _ => None,
    });
    Some(names.collect())
}

/// The names of all `let`s in the function that registers the plan.
fn emitted_lets(file: &syn::File) -> Vec<String> {
    #[derive(Default)]
    struct Lets {
        in_body: bool,
        names: Vec<String>,
    }
    impl<'a> Visit<'a> for Lets {
        fn visit_item_fn(&mut self, function: &'a ItemFn) {
            let outer = std::mem::replace(&mut self.in_body, function.sig.ident == "__body");
            visit::visit_item_fn(self, function);
            self.in_body = outer;
        }
        fn visit_local(&mut self, local: &'a Local) {
            let pattern = match &local.pat {
                Pat::Type(typed) => &*typed.pat,
                pattern => pattern,
            };
            if let Pat::Ident(pattern) = pattern
                && self.in_body
            {
                self.names.push(pattern.ident.to_string());
            }
            visit::visit_local(self, local);
        }
    }
    let mut lets = Lets::default();
    lets.visit_file(file);
    lets.names
}
