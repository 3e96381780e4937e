//! `#[serde(rename_all = "..")]`: names in another case, by serde's rules.

use syn::LitStr;

/// A way to write a name of several words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

/// As serde calls them.
const CASES: [(&str, Case); 8] = [
    ("lowercase", Case::Lower),
    ("UPPERCASE", Case::Upper),
    ("PascalCase", Case::Pascal),
    ("camelCase", Case::Camel),
    ("snake_case", Case::Snake),
    ("SCREAMING_SNAKE_CASE", Case::ScreamingSnake),
    ("kebab-case", Case::Kebab),
    ("SCREAMING-KEBAB-CASE", Case::ScreamingKebab),
];

impl Case {
    pub(super) fn parse(text: &LitStr) -> syn::Result<Case> {
        let written = text.value();
        let found = CASES.iter().find(|(name, _)| *name == written);
        found.map(|(_, case)| *case).ok_or_else(|| {
            let names: Vec<String> = CASES.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            let message = format!("`{written}` is no case of names: there are {}", names.join(", "));
            syn::Error::new(text.span(), message)
        })
    }

    /// The name of a field, which code writes in snake case.
    pub(super) fn of_field(self, name: &str) -> String {
        match self {
            Case::Lower | Case::Snake => name.to_owned(),
            Case::Upper | Case::ScreamingSnake => name.to_ascii_uppercase(),
            Case::Pascal => name.split('_').map(|word| first(word, u8::to_ascii_uppercase)).collect(),
            Case::Camel => first(&Case::Pascal.of_field(name), u8::to_ascii_lowercase),
            Case::Kebab => name.replace('_', "-"),
            Case::ScreamingKebab => Case::ScreamingSnake.of_field(name).replace('_', "-"),
        }
    }

    /// The name of a variant, which code writes in Pascal case.
    pub(super) fn of_variant(self, name: &str) -> String {
        match self {
            Case::Pascal => name.to_owned(),
            Case::Lower => name.to_ascii_lowercase(),
            Case::Upper => name.to_ascii_uppercase(),
            Case::Camel => first(name, u8::to_ascii_lowercase),
            Case::Snake => words(name).join("_").to_ascii_lowercase(),
            Case::ScreamingSnake => Case::Snake.of_variant(name).to_ascii_uppercase(),
            Case::Kebab => Case::Snake.of_variant(name).replace('_', "-"),
            Case::ScreamingKebab => Case::ScreamingSnake.of_variant(name).replace('_', "-"),
        }
    }
}

/// The words of a name in Pascal case, each of which begins with a capital letter.
fn words(name: &str) -> Vec<&str> {
    let mut begins: Vec<usize> =
        name.char_indices().filter(|(_, letter)| letter.is_uppercase()).map(|(at, _)| at).collect();
    if begins.first() != Some(&0) {
        begins.insert(0, 0);
    }
    begins.push(name.len());
    begins.windows(2).map(|word| &name[word[0]..word[1]]).collect()
}

/// The word with its first letter changed, if that is one of ASCII.
fn first(word: &str, change: fn(&u8) -> u8) -> String {
    match word.as_bytes() {
        [letter, ..] if letter.is_ascii() => format!("{}{}", char::from(change(letter)), &word[1..]),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    fn case(name: &str) -> Case {
        Case::parse(&LitStr::new(name, Span::call_site())).unwrap()
    }

    #[test]
    fn names_of_fields_and_variants_in_each_case() {
        for (name, field, variant) in [
            ("lowercase", "card_number", "verytasty"),
            ("UPPERCASE", "CARD_NUMBER", "VERYTASTY"),
            ("PascalCase", "CardNumber", "VeryTasty"),
            ("camelCase", "cardNumber", "veryTasty"),
            ("snake_case", "card_number", "very_tasty"),
            ("SCREAMING_SNAKE_CASE", "CARD_NUMBER", "VERY_TASTY"),
            ("kebab-case", "card-number", "very-tasty"),
            ("SCREAMING-KEBAB-CASE", "CARD-NUMBER", "VERY-TASTY"),
        ] {
            assert_eq!(
                (case(name).of_field("card_number"), case(name).of_variant("VeryTasty")),
                (field.to_owned(), variant.to_owned())
            );
        }
        assert_eq!(
            (case("camelCase").of_field("_x__y9"), case("camelCase").of_field("ärger_über")),
            ("xY9".to_owned(), "ärgerüber".to_owned())
        );
        let of_variant = |name| case("snake_case").of_variant(name);
        assert_eq!(
            (of_variant("HTTPGet2"), of_variant("x"), of_variant("ÄOnce")),
            ("h_t_t_p_get2".to_owned(), "x".to_owned(), "Ä_once".to_owned())
        );
    }

    #[test]
    fn a_case_that_there_is_not_names_those_that_there_are() {
        let said = Case::parse(&LitStr::new("camelcase", Span::call_site())).unwrap_err().to_string();
        assert!(said.starts_with("`camelcase` is no case of names: there are \"lowercase\", \"UPPERCASE\", \"PascalCase\", \"camelCase\""), "{said}");
    }
}
