//! The declarations inside `topics!`.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Ident, Token, braced, parenthesized, token};

use crate::ast::{Setting, SettingValue, TopicDeclaration};
use crate::diagnostics::Diagnostics;

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
    let parser = |input: ParseStream| -> syn::Result<TopicDeclaration> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let ident: Ident = input.parse()?;
        let name;
        if !input.peek(token::Paren) {
            let expected = format!("a topic is declared as `{ident}(\"name-in-the-log\"): Row {{ .. }}`");
            return Err(input.error(expected));
        }
        parenthesized!(name in input);
        let name = name.parse()?;
        input.parse::<Token![:]>()?;
        let row = input.parse()?;
        let mut settings = Vec::new();
        if input.peek(token::Brace) {
            let content;
            braced!(content in input);
            settings = self::settings(&content, diagnostics)?;
        }
        input.parse::<Option<Token![;]>>()?;
        if !input.is_empty() {
            return Err(input.error("expected `{ .. }` with the topic's settings"));
        }
        Ok(TopicDeclaration { attributes, visibility, ident, name, row, settings })
    };
    match parser.parse2(tokens) {
        Ok(declaration) => Some(declaration),
        Err(error) => {
            diagnostics.absorb(error);
            None
        }
    }
}

/// Parses `name: value` pairs; an error in one skips to the next comma.
fn settings(input: ParseStream, diagnostics: &mut Diagnostics) -> syn::Result<Vec<Setting>> {
    let mut settings = Vec::new();
    while !input.is_empty() {
        let setting = || -> syn::Result<Setting> {
            let name: Ident = input.parse()?;
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
        if !input.is_empty() && !input.peek(Token![,]) {
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
