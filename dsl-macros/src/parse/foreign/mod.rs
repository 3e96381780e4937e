//! What other languages write and Rust's grammar does not have: `p -> p.card`, `count(*)`, `1 m`. rustc has said so already, but not
//! what to write. Here it is said, and read as what is meant, so that nothing else of the statement is blamed for it.
//!
//! It is asked only for statements that do not parse. None of these shapes is Rust, so what is right in them stays.

mod operators;

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{LitInt, LitStr};

use crate::diagnostics::Diagnostics;
use crate::duration::unit_by_word;
use crate::written::written;

/// The statement as it is meant, with an error for each shape of another language; `None` if there is none.
pub(super) fn as_meant(statement: TokenStream, diagnostics: &mut Diagnostics) -> Option<TokenStream> {
    let mut reading = Reading { diagnostics, found: false, pipes_told: false };
    let meant = reading.tokens(statement, &Place::Elsewhere);
    reading.found.then_some(meant)
}

/// Where tokens stand.
enum Place {
    /// In the parentheses behind this name.
    Arguments(Ident),
    /// In other parentheses.
    Parentheses,
    Elsewhere,
}

struct Reading<'a> {
    diagnostics: &'a mut Diagnostics,
    found: bool,
    /// Whether it is said of `|>`.
    pipes_told: bool,
}

impl Reading<'_> {
    fn error(&mut self, at: impl ToTokens, message: String) {
        self.diagnostics.error(at, message);
        self.found = true;
    }

    fn tokens(&mut self, tokens: TokenStream, place: &Place) -> TokenStream {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut meant: Vec<TokenTree> = Vec::new();
        let mut rest = tokens.as_slice();
        let mut names_told = false;
        while let [token, after @ ..] = rest {
            let begins = meant.last().is_none_or(|last| is_punct(last, ','));
            let read = match place {
                Place::Arguments(callee) if begins => self
                    .arrow(rest, &mut meant)
                    .or_else(|| self.lambda(rest, &mut meant))
                    .or_else(|| self.distinct(callee, rest, &mut meant))
                    .or_else(|| self.named_argument(callee, &tokens, rest, &mut names_told)),
                Place::Parentheses if begins => self.arrow(rest, &mut meant),
                _ => None,
            };
            let read = read
                .or_else(|| self.keyword_method(rest, &mut meant))
                .or_else(|| self.word_between(rest, &mut meant))
                .or_else(|| self.spaced_duration(rest, &mut meant))
                .or_else(|| self.plus_sign(rest, &meant))
                .or_else(|| self.operator(rest, &mut meant));
            if let Some(read) = read {
                rest = read;
                continue;
            }
            let token = match token {
                TokenTree::Group(group) => TokenTree::Group(self.group(group, &meant)),
                other => other.clone(),
            };
            meant.push(token);
            rest = after;
        }
        meant.into_iter().collect()
    }

    fn group(&mut self, group: &Group, before: &[TokenTree]) -> Group {
        let callee = match before {
            [.., TokenTree::Ident(word), TokenTree::Ident(_)] if word == "fn" => None,
            [.., TokenTree::Ident(name)] if is_name(name) => Some(name),
            _ => None,
        };
        let place = match (group.delimiter(), callee) {
            (Delimiter::Parenthesis, Some(callee)) => Place::Arguments(callee.clone()),
            (Delimiter::Parenthesis, None) => Place::Parentheses,
            _ => Place::Elsewhere,
        };
        let content = match (&place, self.star(group, callee)) {
            (Place::Arguments(_), true) => TokenStream::new(),
            _ => self.tokens(group.stream(), &place),
        };
        let mut read = Group::new(group.delimiter(), content);
        read.set_span(group.span());
        read
    }

    /// `count(*)`.
    fn star(&mut self, group: &Group, callee: Option<&Ident>) -> bool {
        let content: Vec<TokenTree> = group.stream().into_iter().collect();
        let ([star], Some(callee)) = (content.as_slice(), callee) else { return false };
        let is_star = is_punct(star, '*') && callee == "count";
        if is_star {
            self.error(star, "rows are counted without a star: write `count()`".to_owned());
        }
        is_star
    }

    /// `p -> ..`, `(a, b) => ..`.
    fn arrow<'t>(&mut self, rest: &'t [TokenTree], meant: &mut Vec<TokenTree>) -> Option<&'t [TokenTree]> {
        let [parameters, TokenTree::Punct(first), TokenTree::Punct(second), body @ ..] = rest else {
            return None;
        };
        if !matches!(first.as_char(), '-' | '=')
            || second.as_char() != '>'
            || first.spacing() == Spacing::Alone
        {
            return None;
        }
        let names = match parameters {
            TokenTree::Ident(name) if is_name(name) => name.to_token_stream(),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => group.stream(),
            _ => return None,
        };
        let text = written(&names);
        let arrow: TokenStream =
            [first, second].map(|part| TokenTree::Punct(part.clone())).into_iter().collect();
        let message = format!("a closure has its parameters between bars, and no arrow: write `|{text}| ..`");
        self.error(&arrow, message);
        let bar = || TokenTree::Punct(with_span(Punct::new('|', Spacing::Alone), parameters.span()));
        meant.push(bar());
        meant.extend(names);
        meant.push(bar());
        Some(body)
    }

    /// `session(gap: 5m)`.
    fn named_argument<'t>(
        &mut self,
        callee: &Ident,
        all: &[TokenTree],
        rest: &'t [TokenTree],
        told: &mut bool,
    ) -> Option<&'t [TokenTree]> {
        let value = named(rest)?;
        if !*told {
            let mut unnamed: Vec<TokenTree> = Vec::new();
            let mut all = all;
            while let [token, after @ ..] = all {
                let begins = unnamed.last().is_none_or(|last| is_punct(last, ','));
                if let Some(value) = named(all).filter(|_| begins) {
                    all = value;
                    continue;
                }
                unnamed.push(token.clone());
                all = after;
            }
            let unnamed = written(&unnamed.into_iter().collect::<TokenStream>());
            self.error(&rest[0], format!("arguments have no names: write `{callee}({unnamed})`"));
        }
        *told = true;
        Some(value)
    }

    /// `.where(..)`, which no method can be called, as it is a word of Rust's own.
    fn keyword_method<'t>(
        &mut self,
        rest: &'t [TokenTree],
        meant: &mut Vec<TokenTree>,
    ) -> Option<&'t [TokenTree]> {
        let [dot, TokenTree::Ident(word), after @ ..] = rest else { return None };
        if !is_punct(dot, '.') || word != "where" {
            return None;
        }
        meant.push(dot.clone());
        let is_word =
            |token: &TokenTree, word: &str| matches!(token, TokenTree::Ident(ident) if ident == word);
        let last_step =
            meant.iter().rev().find(|token| ["join", "on", "select"].iter().any(|step| is_word(token, step)));
        if !last_step.is_some_and(|step| is_word(step, "join")) {
            self.error(
                word,
                "there is no `.where(..)`: rows are kept by a condition with `.filter(|row| ..)`".to_owned(),
            );
            meant.push(Ident::new("filter", word.span()).into());
            return Some(after);
        }
        let message =
            "there is no `.where(..)`: the keys of a join are `.on(|l| l.id, |r| r.id)`, one for each side";
        meant.push(Ident::new("on", word.span()).into());
        match after {
            [TokenTree::Group(left), dot, TokenTree::Ident(second), TokenTree::Group(right), after @ ..]
                if is_punct(dot, '.') && (second == "equal_to" || second == "equalTo") =>
            {
                self.error(word, message.to_owned());
                let (left, right) = (left.stream(), right.stream());
                let keys = Group::new(Delimiter::Parenthesis, quote_spanned!(word.span()=> #left, #right));
                meant.push(with_group_span(keys, word.span()).into());
                Some(after)
            }
            [TokenTree::Group(_), after @ ..] => {
                // One error, in the place of both keys.
                self.found = true;
                let error = syn::Error::new(word.span(), message).to_compile_error();
                let keys = Group::new(Delimiter::Parenthesis, quote_spanned!(word.span()=> #error, #error));
                meant.push(with_group_span(keys, word.span()).into());
                Some(after)
            }
            after => {
                self.error(word, message.to_owned());
                Some(after)
            }
        }
    }

    /// The words of SQL between two values: `like`, `in`, `and`, `or`.
    fn word_between<'t>(
        &mut self,
        rest: &'t [TokenTree],
        meant: &mut Vec<TokenTree>,
    ) -> Option<&'t [TokenTree]> {
        let [TokenTree::Ident(word), second, after @ ..] = rest else { return None };
        let from = operand(meant)?;
        let left: TokenStream = meant[from..].iter().cloned().collect();
        let left_text = written(&left);
        let in_a_loop =
            meant[..from].iter().any(|token| matches!(token, TokenTree::Ident(word) if word == "for"));
        let at = word.span();
        match (word.to_string().to_lowercase().as_str(), second, after) {
            ("like", TokenTree::Literal(pattern), _) => {
                let pattern = syn::parse2::<LitStr>(pattern.to_token_stream()).ok()?.value();
                let (method, text) = of_pattern(&pattern)?;
                let method = Ident::new(method, at);
                self.error(word, format!("there is no `{word}`: write `{left_text}.{method}({text:?})`"));
                meant.extend(quote_spanned!(at=> .#method(#text)));
                Some(after)
            }
            ("in", TokenTree::Group(values), _) if !in_a_loop => {
                self.one_of(word, &left, values, "", meant, from);
                Some(after)
            }
            ("not", TokenTree::Ident(inside), [TokenTree::Group(values), after @ ..])
                if inside.to_string().eq_ignore_ascii_case("in") =>
            {
                self.one_of(inside, &left, values, "!", meant, from);
                Some(after)
            }
            ("or", TokenTree::Literal(value), _) => {
                let message = format!(
                    "what stands in for a value that may be missing is said by a method: write `{left_text}.unwrap_or({value})`, of what is an `Option`"
                );
                self.error(word, message);
                Some(after)
            }
            (name @ ("and" | "or"), _, _) => {
                let operator = if name == "and" { "&&" } else { "||" };
                self.error(word, format!("there is no `{word}`: write `{operator}`"));
                let operator = operator.parse::<TokenStream>().expect("an operator is a token");
                meant.extend(operator.into_iter().map(|mut token| {
                    token.set_span(at);
                    token
                }));
                Some(&rest[1..])
            }
            _ => None,
        }
    }

    fn one_of(
        &mut self,
        word: &Ident,
        left: &TokenStream,
        values: &Group,
        not: &str,
        meant: &mut Vec<TokenTree>,
        from: usize,
    ) {
        let values = self.tokens(values.stream(), &Place::Elsewhere);
        let (left_text, values_text) = (written(left), written(&values));
        // A field that is a text is a `String`, and these are not.
        let is_text =
            values.clone().into_iter().next().is_some_and(|first| first.to_string().starts_with('"'));
        let as_str = if is_text { ".as_str()" } else { "" };
        let message = format!(
            "whether a value is one of several: write `{not}[{values_text}].contains(&{left_text}{as_str})`"
        );
        self.error(word, message);
        meant.truncate(from);
        let not = (!not.is_empty()).then(|| quote_spanned!(word.span()=> !));
        let as_str = (!as_str.is_empty()).then(|| quote_spanned!(word.span()=> .as_str()));
        meant.extend(quote_spanned!(word.span()=> #not[#values].contains(&#left #as_str)));
    }

    /// `1 m`, `5 minutes`.
    fn spaced_duration<'t>(
        &mut self,
        rest: &'t [TokenTree],
        meant: &mut Vec<TokenTree>,
    ) -> Option<&'t [TokenTree]> {
        let [TokenTree::Literal(number), TokenTree::Ident(word), after @ ..] = rest else { return None };
        let number: LitInt = syn::parse2(number.to_token_stream())
            .ok()
            .filter(|number: &LitInt| number.suffix().is_empty())?;
        let duration = format!("{}{}", number.base10_digits(), unit_by_word(&word.to_string())?);
        self.error(
            word,
            format!("a duration is a number with its unit, without a space: write `{duration}`"),
        );
        let mut literal: Literal = duration.parse().ok()?;
        literal.set_span(number.span());
        meant.push(literal.into());
        Some(after)
    }

    /// `+5m`.
    fn plus_sign<'t>(&mut self, rest: &'t [TokenTree], meant: &[TokenTree]) -> Option<&'t [TokenTree]> {
        let [plus, TokenTree::Literal(number), ..] = rest else { return None };
        let follows_value = match meant.last() {
            Some(TokenTree::Punct(punct)) => punct.as_char() == '?',
            Some(_) => true,
            None => false,
        };
        if !is_punct(plus, '+') || follows_value {
            return None;
        }
        self.error(plus, format!("a number has no sign but `-`: leave the `+` out, `{number}`"));
        Some(&rest[1..])
    }
}

/// What stands behind a name and a colon.
fn named(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    match tokens {
        [TokenTree::Ident(name), TokenTree::Punct(colon), value @ ..]
            if is_name(name) && colon.as_char() == ':' && colon.spacing() == Spacing::Alone =>
        {
            Some(value)
        }
        _ => None,
    }
}

/// The method that stands for a pattern of `like`, and its text.
fn of_pattern(pattern: &str) -> Option<(&'static str, &str)> {
    let (method, text) = match (pattern.strip_prefix('%'), pattern.strip_suffix('%')) {
        (Some(_), Some(_)) => ("contains", pattern.trim_matches('%')),
        (Some(text), None) => ("ends_with", text),
        (None, Some(text)) => ("starts_with", text),
        (None, None) => ("eq", pattern),
    };
    (!text.contains(['%', '_'])).then_some((method, text))
}

/// Where the value begins that ends here: `p.shop`, `p.shop.len()`, `(p.a + p.b)`.
fn operand(before: &[TokenTree]) -> Option<usize> {
    let mut from = before.len();
    loop {
        let token = before.get(from.checked_sub(1)?)?;
        match token {
            TokenTree::Ident(word) if is_name(word) => from -= 1,
            TokenTree::Literal(_) => from -= 1,
            TokenTree::Group(group) if group.delimiter() != Delimiter::Brace => {
                from -= 1;
                if matches!(before[..from].last(), Some(TokenTree::Ident(word)) if is_name(word)) {
                    from -= 1;
                }
            }
            _ => return None,
        }
        match before[..from].last() {
            Some(dot) if is_punct(dot, '.') => from -= 1,
            _ => return Some(from),
        }
    }
}

fn is_punct(token: &TokenTree, punct: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == punct)
}

/// Whether a word is a name, and none of Rust's own.
pub(super) fn is_name(word: &Ident) -> bool {
    syn::parse2::<Ident>(word.to_token_stream()).is_ok()
}

fn with_span(mut punct: Punct, span: Span) -> Punct {
    punct.set_span(span);
    punct
}

fn with_group_span(mut group: Group, span: Span) -> Group {
    group.set_span(span);
    group
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a statement: what is meant by it, which has to parse; `None` if there is nothing to say of it.
    fn meant(statement: &str) -> Option<String> {
        let tokens = statement.parse().expect("the statement is tokens");
        let meant = as_meant(tokens, &mut Diagnostics::new())?;
        syn::parse2::<syn::Expr>(meant.clone()).unwrap_or_else(|error| panic!("{error}: {meant}"));
        Some(written(&meant))
    }

    #[track_caller]
    fn check(statement: &str, expected: &str) {
        let expected: TokenStream = expected.parse().expect("what is expected is tokens");
        assert_eq!(meant(statement), Some(written(&expected)));
    }

    #[test]
    fn each_shape_is_read_as_what_is_meant() {
        check("rows.map(r -> r.a)", "rows.map(|r| r.a)");
        check("rows.map((a, b) => a + b)", "rows.map(|a, b| a + b)");
        check("rows.where(|r| r.a > 0)", "rows.filter(|r| r.a > 0)");
        check("l.join(r).where(|l| l.a).equal_to(|r| r.a)", "l.join(r).on(|l| l.a, |r| r.a)");
        check("rows.filter(|r| r.shop like \"%RE\")", "rows.filter(|r| r.shop.ends_with(\"RE\"))");
        check("rows.filter(|r| r.f(1) in (1, 2))", "rows.filter(|r| [1, 2].contains(&r.f(1)))");
        check("rows.filter(|r| r.a not in [1])", "rows.filter(|r| ![1].contains(&r.a))");
        check("rows.filter(|r| r.a > 1 and r.b or r.c)", "rows.filter(|r| r.a > 1 && r.b || r.c)");
        check("g.window(tumbling(5 minutes))", "g.window(tumbling(5m))");
        check("g.window(cumulate(whole: 1d, step: 1h))", "g.window(cumulate(1d, 1h))");
        check("w.select(|w, r| R { n: count(*) })", "w.select(|w, r| R { n: count() })");
        check("b.between(-5m..=+5m)", "b.between(-5m..=5m)");
        check("rows.filter(lambda r: r.a)", "rows.filter(|r| r.a)");
        check(
            "rows.map(|r| R { a: r.paid ? r.a : 0, b: r.b })",
            "rows.map(|r| R { a: if r.paid { r.a } else { 0 }, b: r.b })",
        );
        check("rows.filter(|r| r.a <> 1)", "rows.filter(|r| r.a != 1)");
        check("rows.filter(|r| r.a === 1 && r.b !== 2)", "rows.filter(|r| r.a == 1 && r.b != 2)");
        check("rows.filter(|r| r.shop ~= \"RE\")", "rows.filter(|r| r.shop.contains(\"RE\"))");
        check("rows |> filter(|r| r.a) |> sink(Large)", "rows.filter(|r| r.a).sink(Large)");
        check(
            "rows.filter(|r| not r.paid and r.tip is not null)",
            "rows.filter(|r| !r.paid && r.tip.is_some())",
        );
        check("rows.filter(|r| r.a between 1 and 9)", "rows.filter(|r| (1..=9).contains(&r.a))");
    }

    #[test]
    fn what_is_rust_stays() {
        for right in [
            "rows.map(|r| match r.a { 1 => 2, x => x + 5 }.into())",
            "rows.map(|r| -> u64 { for (i, in_) in [1].iter() { f(*i) } r.a })",
            "rows.map(|r| { fn f(a: u64) -> u64 { a } let like = f::<1>; R { a: like(r.a), b: and } })",
            "rows.map(|r| (r.a + 1, r.b? + 1, r.c as i64 + 1, *r.d))",
            "rows.map(|r| { let is = r.a?; let between: u64 = not(is); R { a: r.a?, b: between, lambda: is } })",
        ] {
            assert_eq!(meant(right), None, "{right}");
        }
    }

    #[test]
    fn a_join_without_the_second_key_gets_one_error_for_both() {
        let mut diagnostics = Diagnostics::new();
        let tokens = "l.join(r).where(|l| l.a == 1)".parse().expect("the statement is tokens");
        let meant = as_meant(tokens, &mut diagnostics).expect("there is a shape");
        assert_eq!(written(&meant).matches("compile_error").count(), 2);
        assert!(diagnostics.into_tokens().is_empty());
    }
}
