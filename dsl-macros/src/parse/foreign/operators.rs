//! Operators and words of other languages inside of an expression: `a ? b : c`, `lambda p: ..`, `<>`, `~=`, `is null`, `between 1 and 9`.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};

use super::{Reading, is_name, is_punct, operand, with_span};
use crate::written::written;

impl Reading<'_> {
    /// Whichever of them begins here.
    pub(super) fn operator<'t>(
        &mut self,
        rest: &'t [TokenTree],
        meant: &mut Vec<TokenTree>,
    ) -> Option<&'t [TokenTree]> {
        self.comparison(rest, meant)
            .or_else(|| self.pattern(rest, meant))
            .or_else(|| self.choice(rest, meant))
            .or_else(|| self.pipe(rest, meant))
            .or_else(|| self.not(rest, meant))
            .or_else(|| self.is_null(rest, meant))
            .or_else(|| self.between(rest, meant))
            .or_else(|| self.made_by_new(rest, meant))
    }

    /// `new Payment(p.card)`.
    fn made_by_new<'t>(
        &mut self,
        rest: &'t [TokenTree],
        meant: &mut Vec<TokenTree>,
    ) -> Option<&'t [TokenTree]> {
        let [TokenTree::Ident(word), TokenTree::Ident(made), TokenTree::Group(_), behind @ ..] = rest else {
            return None;
        };
        if word != "new" || !made.to_string().starts_with(char::is_uppercase) || operand(meant).is_some() {
            return None;
        }
        let message = format!(
            "a record is made by its name and its fields, without `new`: write `{made} {{ card: p.card, .. }}`"
        );
        self.found = true;
        meant.extend(syn::Error::new(word.span(), message).to_compile_error());
        Some(behind)
    }

    /// `count(distinct p.shop)`.
    pub(super) fn distinct<'t>(
        &mut self,
        callee: &Ident,
        rest: &'t [TokenTree],
        meant: &mut Vec<TokenTree>,
    ) -> Option<&'t [TokenTree]> {
        let [TokenTree::Ident(word), value @ ..] = rest else { return None };
        if !word.to_string().eq_ignore_ascii_case("distinct")
            || !matches!(value.first(), Some(TokenTree::Ident(_)))
        {
            return None;
        }
        let text = written(&value.iter().cloned().collect::<TokenStream>());
        let message = match callee == "count" {
            true => {
                format!("the number of different values is an aggregate of its own: write `distinct({text})`")
            }
            false => {
                format!("there is no `distinct` here: different values are counted by `distinct({text})`")
            }
        };
        self.found = true;
        meant.extend(syn::Error::new(word.span(), message).to_compile_error());
        Some(&[])
    }

    /// `lambda p: p.paid`, at the beginning of an argument.
    pub(super) fn lambda<'t>(
        &mut self,
        rest: &'t [TokenTree],
        meant: &mut Vec<TokenTree>,
    ) -> Option<&'t [TokenTree]> {
        let [TokenTree::Ident(word), behind @ ..] = rest else { return None };
        if word != "lambda" {
            return None;
        }
        let colon = behind.iter().position(|token| is_punct(token, ':'))?;
        let names = behind[..colon].iter().cloned().collect::<TokenStream>();
        self.error(
            word,
            format!("a closure has its parameters between bars: write `|{}| ..`", written(&names)),
        );
        let bar = || TokenTree::Punct(with_span(Punct::new('|', Spacing::Alone), word.span()));
        meant.push(bar());
        meant.extend(names);
        meant.push(bar());
        Some(&behind[colon + 1..])
    }

    /// `<>`, `===`, `!==`.
    fn comparison<'t>(
        &mut self,
        rest: &'t [TokenTree],
        meant: &mut Vec<TokenTree>,
    ) -> Option<&'t [TokenTree]> {
        const OTHERS: &[(&str, &str)] = &[("===", "=="), ("!==", "!="), ("<>", "!=")];
        let (other, operator) = OTHERS.iter().find(|(other, _)| begins_with(rest, other))?;
        operand(meant)?;
        let (at, behind) = rest.split_at(other.len());
        self.error(
            at.iter().cloned().collect::<TokenStream>(),
            format!("there is no `{other}`: write `{operator}`"),
        );
        meant.extend(placed(operator, at[0].span()));
        Some(behind)
    }

    /// `p.shop ~= "RE.*"`, `p.shop ~ "RE"`.
    fn pattern<'t>(&mut self, rest: &'t [TokenTree], meant: &mut Vec<TokenTree>) -> Option<&'t [TokenTree]> {
        let signs = if begins_with(rest, "~=") || begins_with(rest, "=~") {
            2
        } else {
            usize::from(begins_with(rest, "~"))
        };
        let [TokenTree::Literal(text), behind @ ..] = rest.get(signs..).filter(|_| signs > 0)? else {
            return None;
        };
        let from = operand(meant)?;
        let value = written(&meant[from..].iter().cloned().collect::<TokenStream>());
        let at = rest[0].span();
        let message = format!(
            "there is no such operator: a text is searched by `{value}.contains({text})`, `.starts_with(..)` and `.ends_with(..)`; for \
             patterns there is the crate `regex`"
        );
        self.error(rest[..signs].iter().cloned().collect::<TokenStream>(), message);
        meant.extend(quote_spanned!(at=> .contains(#text)));
        Some(behind)
    }

    /// `p.paid ? p.cents : 0`.
    fn choice<'t>(&mut self, rest: &'t [TokenTree], meant: &mut Vec<TokenTree>) -> Option<&'t [TokenTree]> {
        let [question, behind @ ..] = rest else { return None };
        if !is_punct(question, '?') {
            return None;
        }
        let end = behind
            .iter()
            .position(|token| is_punct(token, ',') || is_punct(token, ';'))
            .unwrap_or(behind.len());
        let colon = behind[..end].iter().position(|token| {
            matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':' && punct.spacing() == Spacing::Alone)
        })?;
        let from = meant
            .iter()
            .rposition(|token| [',', ';', ':', '|'].iter().any(|ends| is_punct(token, *ends)))
            .map_or(0, |before| before + 1);
        let parts = [&meant[from..], &behind[..colon], &behind[colon + 1..end]];
        let [condition, then, otherwise] = parts.map(|part| part.iter().cloned().collect::<TokenStream>());
        let text =
            format!("if {} {{ {} }} else {{ {} }}", written(&condition), written(&then), written(&otherwise));
        self.error(question, format!("a choice of two is an `if`, which has a value: write `{text}`"));
        meant.truncate(from);
        meant.extend(quote_spanned!(question.span()=> if #condition { #then } else { #otherwise }));
        Some(&behind[end..])
    }

    /// `rows |> filter(..)`.
    fn pipe<'t>(&mut self, rest: &'t [TokenTree], meant: &mut Vec<TokenTree>) -> Option<&'t [TokenTree]> {
        let [_, sign, TokenTree::Ident(operator), arguments @ TokenTree::Group(_), behind @ ..] = rest else {
            return None;
        };
        if !begins_with(rest, "|>") || operand(meant).is_none() {
            return None;
        }
        if !std::mem::replace(&mut self.pipes_told, true) {
            self.error(sign, format!("an operator is a method of a stream: write `.{operator}(..)`"));
        }
        meant.push(TokenTree::Punct(with_span(Punct::new('.', Spacing::Alone), sign.span())));
        meant.push(operator.clone().into());
        let mut arguments = arguments.clone();
        if let TokenTree::Group(group) = &arguments {
            arguments = TokenTree::Group(self.group(group, std::slice::from_ref(&rest[2])));
        }
        meant.push(arguments);
        Some(behind)
    }

    /// `not p.paid`.
    fn not<'t>(&mut self, rest: &'t [TokenTree], meant: &mut Vec<TokenTree>) -> Option<&'t [TokenTree]> {
        let [TokenTree::Ident(word), behind @ ..] = rest else { return None };
        if !word.to_string().eq_ignore_ascii_case("not") || operand(meant).is_some() {
            return None;
        }
        match behind.first()? {
            TokenTree::Ident(_) => {}
            // `not(..)` may be a function.
            TokenTree::Group(_) if word != "not" => {}
            _ => return None,
        }
        self.error(word, format!("there is no `{word}`: write `!` in front"));
        meant.push(TokenTree::Punct(with_span(Punct::new('!', Spacing::Alone), word.span())));
        Some(behind)
    }

    /// `p.tip is null`, `p.tip is not null`.
    fn is_null<'t>(&mut self, rest: &'t [TokenTree], meant: &mut Vec<TokenTree>) -> Option<&'t [TokenTree]> {
        let word = |token: Option<&TokenTree>| match token {
            Some(TokenTree::Ident(word)) => word.to_string().to_lowercase(),
            _ => String::new(),
        };
        if word(rest.first()) != "is" {
            return None;
        }
        let not = usize::from(word(rest.get(1)) == "not");
        let nothing = word(rest.get(1 + not));
        let from = operand(meant)?;
        if !["null", "none", "nil"].contains(&nothing.as_str()) {
            return None;
        }
        let method = if not == 0 { "is_none" } else { "is_some" };
        let value = written(&meant[from..].iter().cloned().collect::<TokenStream>());
        let message = format!("a field that may be missing is an `Option`: write `{value}.{method}()`");
        self.error(rest[..2 + not].iter().cloned().collect::<TokenStream>(), message);
        let method = Ident::new(method, rest[0].span());
        meant.extend(quote_spanned!(rest[0].span()=> .#method()));
        Some(&rest[2 + not..])
    }

    /// `p.cents between 1 and 9`.
    fn between<'t>(&mut self, rest: &'t [TokenTree], meant: &mut Vec<TokenTree>) -> Option<&'t [TokenTree]> {
        let [TokenTree::Ident(word), low, TokenTree::Ident(and), high, behind @ ..] = rest else {
            return None;
        };
        let is = |word: &Ident, meant: &str| word.to_string().eq_ignore_ascii_case(meant);
        let is_value = |token: &TokenTree| match token {
            TokenTree::Literal(_) => true,
            TokenTree::Ident(name) => is_name(name),
            _ => false,
        };
        if !is(word, "between") || !is(and, "and") || !is_value(low) || !is_value(high) {
            return None;
        }
        let from = operand(meant)?;
        let value: TokenStream = meant[from..].iter().cloned().collect();
        let message = format!(
            "whether a value lies between two: write `({low}..={high}).contains(&{})`",
            written(&value)
        );
        self.error(word, message);
        meant.truncate(from);
        let at = word.span();
        let range = Group::new(Delimiter::Parenthesis, quote_spanned!(at=> #low..=#high));
        meant.extend(quote_spanned!(at=> #range.contains(&#value)));
        Some(behind)
    }
}

/// Whether tokens begin with these signs, with nothing between them.
fn begins_with(tokens: &[TokenTree], signs: &str) -> bool {
    let length = signs.chars().count();
    tokens.len() >= length
        && signs.chars().zip(tokens).enumerate().all(|(number, (sign, token))| {
            let joined = |punct: &Punct| number + 1 == length || punct.spacing() == Spacing::Joint;
            matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign && joined(punct))
        })
}

/// An operator that lies at a place.
fn placed(operator: &str, at: Span) -> impl Iterator<Item = TokenTree> {
    let tokens: TokenStream = operator.parse().expect("an operator is a token");
    tokens.into_iter().map(move |mut token| {
        token.set_span(at);
        token.to_token_stream().into_iter().next().expect("it is one token")
    })
}
