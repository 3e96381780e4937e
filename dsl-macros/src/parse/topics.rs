//! The declarations inside `topics!`.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Expr, Ident, LitStr, Token, Type, Visibility, braced, parenthesized, token};

use crate::ast::{Setting, SettingValue, TopicDeclaration};
use crate::diagnostics::{Diagnostics, error_type};
use crate::written::written;

/// Parses every declaration that can be; an error in one skips to the next.
pub(crate) fn topics(input: TokenStream, diagnostics: &mut Diagnostics) -> Vec<TopicDeclaration> {
    split(input).into_iter().filter_map(|declaration| one(declaration, diagnostics)).collect()
}

/// A declaration ends with its braces, if more follows than a separator.
fn split(input: TokenStream) -> Vec<TokenStream> {
    let mut declarations = Vec::new();
    let mut declaration: Vec<TokenTree> = Vec::new();
    for token in input {
        let ends = match &token {
            TokenTree::Group(group) => group.delimiter() == proc_macro2::Delimiter::Brace,
            TokenTree::Punct(punct) if declaration.is_empty() && matches!(punct.as_char(), ',' | ';') => {
                continue;
            }
            TokenTree::Punct(punct) => punct.as_char() == ';',
            _ => false,
        };
        declaration.push(token);
        if ends {
            declarations.push(declaration.drain(..).collect());
        }
    }
    if !declaration.is_empty() {
        declarations.push(declaration.into_iter().collect());
    }
    declarations
}

fn one(tokens: TokenStream, diagnostics: &mut Diagnostics) -> Option<TopicDeclaration> {
    let mut named = None;
    let parser = |input: ParseStream| -> syn::Result<TopicDeclaration> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility: Visibility = input.parse()?;
        if !input.peek(Ident) {
            named = name_behind(input).map(|name| (visibility, name));
            return Err(input.error(NAME_ALONE));
        }
        let ident: Ident = input.parse()?;
        named = Some((visibility.clone(), ident.clone()));
        let name;
        if input.peek(Ident) {
            named = Some((visibility, input.parse()?));
            return Err(syn::Error::new(ident.span(), NAME_ALONE));
        }
        if !input.peek(token::Paren) {
            let expected = format!("a topic is declared as `{ident}(\"name-in-the-log\"): Row {{ .. }}`");
            return Err(input.error(expected));
        }
        parenthesized!(name in input);
        if name.peek(Ident) {
            let text: Ident = name.parse()?;
            let message = format!("a topic's name in the log is a text: write `{ident}(\"{text}\")`");
            return Err(syn::Error::new(text.span(), message));
        }
        if name.is_empty() {
            let message = format!(
                "a topic has a name in the log, which is a text: write `{ident}(\"name-in-the-log\")`"
            );
            return Err(syn::Error::new(ident.span(), message));
        }
        let text = name.parse()?;
        if !name.is_empty() {
            let message = format!(
                "in the parentheses stands the topic's name in the log alone, its rows and settings behind them: `{ident}(\"name-in-the-log\"): Row {{ .. }}`"
            );
            return Err(name.error(message));
        }
        row_follows(input, &ident, diagnostics)?;
        let row = input.parse()?;
        let mut settings = Vec::new();
        if input.peek(token::Brace) {
            let content;
            braced!(content in input);
            settings = self::settings(&content, diagnostics)?;
        }
        input.parse::<Option<Token![;]>>()?;
        if !input.is_empty() {
            return Err(input
                .error("behind a topic's row come its settings in braces, `{ key: card }`, or a semicolon"));
        }
        Ok(TopicDeclaration { attributes, visibility, ident, name: text, row, settings })
    };
    match parser.parse2(tokens) {
        Ok(declaration) => Some(declaration),
        Err(error) => broken(named, error, diagnostics),
    }
}

const NAME_ALONE: &str = "a topic is declared by its name alone, without a word before it: `Payments(\"payments\"): Payment { .. }`";

/// The name that is meant where something else stands before it, or its text in the log alone.
fn name_behind(input: ParseStream) -> Option<Ident> {
    let ahead = input.fork();
    if let Ok(text) = ahead.parse::<LitStr>() {
        let text_value = text.value();
        let words = text_value.split(|letter: char| !letter.is_ascii_alphanumeric());
        let name: String = words.map(capitalised).collect();
        return syn::parse_str::<Ident>(&name).ok().map(|_| Ident::new(&name, text.span()));
    }
    ahead.parse::<TokenTree>().ok()?;
    ahead.parse().ok()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// What is declared of a topic that cannot be read, where its name can: the error stands in the place of its rows' type, so that whoever
/// uses the name is not blamed as well.
fn broken(
    named: Option<(Visibility, Ident)>,
    error: syn::Error,
    diagnostics: &mut Diagnostics,
) -> Option<TopicDeclaration> {
    let mut errors = error.into_iter();
    let first = errors.next()?;
    errors.for_each(|error| diagnostics.absorb(error));
    let Some((visibility, ident)) = named else {
        diagnostics.absorb(first);
        return None;
    };
    Some(TopicDeclaration {
        attributes: Vec::new(),
        visibility,
        name: LitStr::new(&ident.to_string(), ident.span()),
        ident,
        row: Type::Verbatim(error_type(&first)),
        settings: Vec::new(),
    })
}

/// The colon between a topic and its row; for what others write there an error, and it goes on.
fn row_follows(input: ParseStream, topic: &Ident, diagnostics: &mut Diagnostics) -> syn::Result<()> {
    let message =
        format!("between a topic and its rows stands a colon: `{topic}(\"name-in-the-log\"): Row {{ .. }}`");
    if input.peek(Token![=>]) {
        diagnostics.error(input.parse::<Token![=>]>()?, message);
    } else if input.peek(Token![=]) {
        diagnostics.error(input.parse::<Token![=]>()?, message);
    } else if input.peek(Token![->]) {
        diagnostics.error(input.parse::<Token![->]>()?, message);
    } else if input.peek(Token![:]) {
        input.parse::<Token![:]>()?;
    } else if input.is_empty() {
        return Err(syn::Error::new(topic.span(), message));
    } else {
        return Err(input.error(message));
    }
    Ok(())
}

/// Parses `name: value` pairs; an error in one skips to the next comma.
fn settings(input: ParseStream, diagnostics: &mut Diagnostics) -> syn::Result<Vec<Setting>> {
    let mut settings = Vec::new();
    let (mut semicolons, mut equals_signs) = (false, false);
    while !input.is_empty() {
        let mut setting = || -> syn::Result<Setting> {
            let name: Ident = input.parse()?;
            if input.peek(Token![=]) && !input.peek(Token![==]) {
                let equals = input.parse::<Token![=]>()?;
                if !equals_signs {
                    diagnostics.error(equals, format!("a topic's settings have colons: write `{name}: ..`"));
                }
                equals_signs = true;
                return Ok(Setting {
                    name,
                    value: SettingValue::Given { colon: equals.span, value: input.parse()? },
                });
            }
            if input.peek(token::Paren) {
                let value;
                let parentheses = parenthesized!(value in input).span;
                let value: Expr = value.parse()?;
                let message = format!("a topic's settings have colons: write `{name}: {}`", written(&value));
                diagnostics.error(&name, message);
                return Ok(Setting { name, value: SettingValue::Given { colon: parentheses.open(), value } });
            }
            if !input.peek(Token![:]) {
                return Ok(Setting { name, value: SettingValue::Missing });
            }
            let colon = input.parse::<Token![:]>()?.span;
            Ok(Setting { name, value: SettingValue::Given { colon, value: input.parse()? } })
        };
        match setting() {
            Ok(setting) => settings.push(setting),
            Err(error) => {
                diagnostics.absorb(error);
                skip_setting(input)?;
            }
        }
        if input.peek(Token![;]) {
            let semicolon = input.parse::<Token![;]>()?;
            if !semicolons {
                diagnostics
                    .error(semicolon, "between a topic's settings stands a comma: `{ key: card, time: at }`");
            }
            semicolons = true;
            continue;
        }
        if input.peek(Ident) && input.peek2(Token![:]) && !input.peek2(Token![::]) {
            diagnostics
                .absorb(input.error("between a topic's settings stands a comma: write `,` before this word"));
            continue;
        }
        if input.peek(Token![:]) {
            diagnostics.absorb(input.error(
                "a field is named alone, without its type, as in `key: card`: leave out what stands here",
            ));
        } else if !input.is_empty() && !input.peek(Token![,]) {
            diagnostics.absorb(input.error("expected `,` between a topic's settings"));
        }
        skip_setting(input)?;
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(settings)
}

fn skip_setting(input: ParseStream) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
