//! What the user wrote as text in one spacing, close to rustfmt's, so that formatting a file changes nothing that is kept.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// The tokens as text. It depends on neither their spacing nor the commas that rustfmt puts at the ends of lines.
pub(crate) fn written(tokens: &impl ToTokens) -> String {
    text_of(tokens.to_token_stream())
}

fn text_of(tokens: TokenStream) -> String {
    let mut tokens = flat(tokens);
    let mut writer = Writer::default();
    let mut rest = tokens.as_mut_slice();
    while let Some((first, behind)) = rest.split_first() {
        let taken = match first {
            TokenTree::Group(group) => writer.group(group),
            TokenTree::Punct(punct) => match (punct.as_char(), behind.first()) {
                ('\'', Some(TokenTree::Ident(name))) => writer.word(&format!("'{name}")) + 1,
                _ => {
                    let operator = writer.operator_at(rest);
                    writer.operator(&operator);
                    operator.len()
                }
            },
            word => writer.word(&word.to_string()),
        };
        rest = &mut rest[taken..];
    }
    writer.text.truncate(writer.text.trim_end().len());
    writer.text
}

/// What a `macro_rules!` macro passed on stands in groups without brackets, which are not seen in the text.
fn flat(tokens: TokenStream) -> Vec<TokenTree> {
    let mut all = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                all.extend(flat(group.stream()))
            }
            token => all.push(token),
        }
    }
    all
}

/// Operators of several characters, longest first.
const OPERATORS: &[&str] = &[
    "<<=", ">>=", "...", "..=", "::", "->", "=>", "==", "!=", "<=", ">=", "&&", "||", "+=", "-=", "*=", "/=",
    "%=", "^=", "&=", "|=", "<<", ">>", "..",
];

/// Words that are no value, so that what follows begins one.
const KEYWORDS: &[&str] = &[
    "as", "async", "break", "dyn", "else", "for", "if", "impl", "in", "let", "loop", "match", "move", "mut",
    "ref", "return", "unsafe", "where", "while",
];

/// What stands before the next token.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Last {
    /// Nothing, or something that the next token follows as it is.
    #[default]
    Open,
    Keyword,
    /// A name in camel case, behind which `<` is a bracket.
    TypeName,
    /// The end of a value.
    Value,
}

#[derive(Default)]
struct Writer {
    text: String,
    last: Last,
    /// How many `<` are open as brackets.
    angles: usize,
    /// Whether this is between the bars of a closure.
    in_bars: bool,
}

impl Writer {
    fn after_value(&self) -> bool {
        matches!(self.last, Last::Value | Last::TypeName)
    }

    fn push(&mut self, text: &str, last: Last) {
        self.text.push_str(text);
        self.last = last;
    }

    fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    /// Writes a name or literal; gives how many tokens that is.
    fn word(&mut self, word: &str) -> usize {
        if self.last != Last::Open {
            self.space();
        }
        let last = if KEYWORDS.contains(&word) {
            Last::Keyword
        } else if word.starts_with(char::is_uppercase) && word.contains(char::is_lowercase) {
            Last::TypeName
        } else {
            Last::Value
        };
        self.push(word, last);
        1
    }

    fn group(&mut self, group: &Group) -> usize {
        let mut inner = text_of(group.stream());
        let call = self.after_value();
        let braces = group.delimiter() == Delimiter::Brace;
        if self.last == Last::Keyword || braces && call {
            self.space();
        }
        // The comma of a tuple of one makes it a tuple; every other last comma is a matter of lines.
        let tuple_of_one = group.delimiter() == Delimiter::Parenthesis && !call && commas(group) == 1;
        if inner.ends_with(',') && !tuple_of_one {
            inner.pop();
        }
        let text = match group.delimiter() {
            Delimiter::Brace if inner.is_empty() => "{}".to_owned(),
            Delimiter::Brace => format!("{{ {inner} }}"),
            Delimiter::Bracket => format!("[{inner}]"),
            Delimiter::Parenthesis | Delimiter::None => format!("({inner})"),
        };
        self.push(&text, Last::Value);
        1
    }

    /// The operator that the tokens begin with: the longest there is, but brackets stand alone.
    fn operator_at(&self, tokens: &[TokenTree]) -> String {
        let mut run = String::new();
        for token in tokens {
            let TokenTree::Punct(punct) = token else { break };
            run.push(punct.as_char());
            if punct.spacing() == Spacing::Alone {
                break;
            }
        }
        let closes = self.angles > 0 && run.starts_with('>') || self.in_bars && run.starts_with('|');
        let longest = OPERATORS.iter().find(|operator| !closes && run.starts_with(**operator));
        longest.map_or_else(|| run[..1].to_owned(), |operator| (*operator).to_owned())
    }

    fn operator(&mut self, operator: &str) {
        let begins_value = !self.after_value();
        match operator {
            "," | ";" | ":" => self.push(&format!("{operator} "), Last::Open),
            "." => self.push(".", Last::Open),
            "::" | ".." | "..=" => self.prefix(operator),
            "?" if !begins_value => self.push("?", Last::Value),
            // The name of a macro: its arguments follow as those of a function do.
            "!" if !begins_value => self.push("!", Last::Value),
            "|" if self.in_bars => {
                self.in_bars = false;
                self.push("| ", Last::Open);
            }
            "|" if begins_value => {
                self.in_bars = true;
                self.prefix("|");
            }
            "||" if begins_value => self.prefix("|| "),
            "<" if begins_value || self.last == Last::TypeName => {
                self.angles += 1;
                self.prefix("<");
            }
            ">" if self.angles > 0 => {
                self.angles -= 1;
                self.push(">", Last::Value);
            }
            "-" | "*" | "&" | "&&" | "!" | "?" if begins_value => self.prefix(operator),
            "#" | "$" => self.prefix(operator),
            between => {
                self.space();
                self.push(&format!("{between} "), Last::Open);
            }
        }
    }

    /// Writes what the next token follows without a space.
    fn prefix(&mut self, operator: &str) {
        if self.last == Last::Keyword {
            self.space();
        }
        self.push(operator, Last::Open);
    }
}

fn commas(group: &Group) -> usize {
    flat(group.stream())
        .iter()
        .filter(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        text_of(text.parse().expect("a sample is Rust tokens"))
    }

    /// These are as rustfmt leaves them, and stay so however they are spaced.
    #[test]
    fn texts_are_spaced_as_by_rustfmt() {
        for text in [
            "at",
            "(card, shop)",
            "|f| f.time_hour + Duration::from_mins(i64::from(f.minute))",
            "|f| (f.origin, f.at.millis() / 1000 * 60 - -1)",
            "|_| ()",
            "move |p: &Payment| -> u64 { p.card & 0xff }",
            "|p| p.cents >= 1_000 && !p.refunded || p.shop < least",
            "|p| if p.cents < 0 { (p.card,) } else { (0,) }",
            "|p| match p.kind { Kind::A | Kind::B => 1, _ => *p.kind.number() }",
            "|p| Key { card: p.card.clone(), ..Key::default() }",
            "|p| p.tags.iter().map(|tag| tag.len()).collect::<Vec<_>>()[0]",
            "|p| p.at.millis() as u64 >> 3",
            "|p| p.name.strip_prefix('a')?.len()",
            "|p| { let name: Option<&'static str> = None; name.map_or(p.x, |n| n.len()) }",
            "|p| format!(\"{}:{}\", p.a, &p.b[1..3])",
            "|p| <u64 as From<u32>>::from(p.x) < 7",
            "quantile(p.amount, 0.9)",
            "count_if(f.dep_time.is_some())",
        ] {
            assert_eq!(of(text), text);
            let crammed: String = text
                .parse::<TokenStream>()
                .expect("a sample is Rust tokens")
                .to_string()
                .split(' ')
                .collect::<Vec<_>>()
                .join("\n  ");
            assert_eq!(of(&crammed), text, "{crammed}");
        }
    }

    #[test]
    fn tight_code_reads_the_same() {
        assert_eq!(of("|f|f.a+f.b*-2"), "|f| f.a + f.b * -2");
        assert_eq!(of("|f|f.a<-f.b||f.c>=1"), "|f| f.a < -f.b || f.c >= 1");
        assert_eq!(of("|f|(f.a,&&f.b)"), "|f| (f.a, &&f.b)");
    }

    #[test]
    fn commas_at_the_ends_of_lines_are_dropped() {
        assert_eq!(of("sum_if(\n    p.amount,\n    !p.refunded,\n)"), "sum_if(p.amount, !p.refunded)");
        assert_eq!(of("|p| (\n    p.card,\n    p.shop,\n)"), "|p| (p.card, p.shop)");
        assert_eq!(of("|p| (p.card,)"), "|p| (p.card,)");
        assert_eq!(of("vec![(1,),]"), "vec![(1,)]");
    }
}
