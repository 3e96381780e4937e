//! Methods that other languages have for the values in a row, for those who look for them in a closure: of texts, numbers, lists, and values
//! that may be missing. Each is refused by a bound that nothing meets, whose message says what to write.
//!
//! They are in scope in a pipeline's body alone, and take their value as `&mut self`: that is what rustc tries last, so that a method of the same
//! name goes before, wherever it comes from.

use crate::not_there::nowhere;
use crate::time::CountsUnits;

/// A trait of such methods: of each kind their signature, their bound, and the words that others have for them.
macro_rules! asked_of_values {
    ($(#[$doc:meta])* $trait:ident [$($value:tt)*] $($signature:tt where $bound:tt: $($word:ident)+;)+) => {
        $(#[$doc])*
        #[doc(hidden)]
        #[allow(missing_docs, non_snake_case, clippy::wrong_self_convention)]
        pub trait $trait {
            $($value)*
            $(asked_of_values!(@words $signature $bound $($word)+);)+
        }
    };
    (@words $signature:tt $bound:tt $($word:ident)+) => {
        $(asked_of_values!(@method $signature $bound $word);)+
    };
    (@method [$($signature:tt)*] $bound:ident $word:ident) => {
        fn $word $($signature)*
        where
            Self: $bound,
        {
            nowhere()
        }
    };
}

asked_of_values! {
    /// What is asked of a text.
    TextWords []
    [<A>(&mut self, _: A) -> bool] where ComparedBySign: equals isEqualTo is_equal_to;
    [<A>(&mut self, _: A) -> bool] where ComparedWithoutCase: equalsIgnoreCase equals_ignore_case iequals;
    [(&mut self) -> String] where ChangesCase: lower upper toLowerCase toUpperCase to_lower to_upper lowercase uppercase lcase ucase casefold;
    [<A>(&mut self, _: A) -> bool] where Searched: begins_with beginsWith startsWith startswith endsWith endswith like ilike rlike matches_regex regexp_like is_match similar_to includes has contains_str;
    [<A, B>(&mut self, _: A, _: B) -> String] where GivesParts: substring substr mid slice;
    [<A>(&mut self, _: A) -> String] where GivesParts: left right;
    [<A>(&mut self, _: A) -> char] where GivesParts: charAt char_at;
    [(&mut self) -> usize] where HasLen: size count length;
    [(&mut self) -> bool] where AlwaysThere: is_null is_not_null isNull isNotNull isnull notnull is_some is_none;
    [(&mut self) -> String] where AlwaysThere: unwrap unwrap_or_default;
    [<A>(&mut self, _: A) -> String] where AlwaysThere: unwrap_or expect;
    [<A>(&mut self, _: A) -> usize] where FindsPlaces: indexOf index_of find_index strpos;
    [<A, B>(&mut self, _: A, _: B) -> String] where Replaces: replaceAll replace_all regexp_replace translate;
    [(&mut self) -> i64] where ReadAsNumber: toInt to_int parseInt as_int to_i64 as_i64 to_u64 to_number to_integer as_number;
    [(&mut self) -> f64] where ReadAsNumber: to_f64 as_f64 toDouble to_double to_float as_float parseFloat;
    [(&mut self) -> String] where Trimmed: strip ltrim rtrim lstrip rstrip;
    [(&mut self) -> bool] where SaysBlank: isBlank is_blank isEmpty is_not_empty isNotEmpty;
    [<A>(&mut self, _: A) -> bool] where OneOf: isin is_in in_ one_of isIn is_any_of;
    [<A, B>(&mut self, _: A, _: B) -> bool] where BetweenTwo: between is_between;
}

asked_of_values! {
    /// What is asked of a number.
    NumberWords []
    [<A>(&mut self, _: A) -> bool] where ComparedBySign: equals isEqualTo is_equal_to;
    [(&mut self) -> bool] where AlwaysThere: is_null is_not_null isNull isNotNull isnull notnull is_some is_none;
    [(&mut self) -> Self] where AlwaysThere: unwrap unwrap_or_default;
    [<A>(&mut self, _: A) -> Self] where AlwaysThere: unwrap_or expect;
    [(&mut self) -> String] where SaidAsText: toString to_str as_string as_str;
    [(&mut self) -> f64] where Cast: to_f64 as_f64 toDouble to_double to_float as_float doubleValue;
    [(&mut self) -> i64] where Cast: to_i64 as_i64 to_int toInt as_int to_long longValue intValue to_integer;
    [(&mut self) -> u64] where Cast: to_u64 as_u64;
    [<A>(&mut self, _: A) -> bool] where OneOf: isin is_in in_ one_of isIn is_any_of;
    [<A, B>(&mut self, _: A, _: B) -> bool] where BetweenTwo: between is_between;
}

asked_of_values! {
    /// What is asked of a list.
    ListWords []
    [(&mut self) -> usize] where HasLen: size count length;
    [<A>(&mut self, _: A) -> bool] where Holding: includes has contains_value any_of;
}

asked_of_values! {
    /// What is asked of a value that may be missing.
    OptionWords [type Value;]
    [(&mut self) -> bool] where MayBeMissing: is_null isNull isnull is_missing is_absent isEmpty is_empty isna;
    [(&mut self) -> bool] where MayBeMissing: is_not_null isNotNull not_null notnull isPresent is_present has_value is_set exists notna;
    [(&mut self) -> Self::Value] where MayBeMissing: get value val;
    [<A>(&mut self, _: A) -> Self::Value]
        where MayBeMissing: coalesce getOrElse get_or_else get_or orElse or_default fillna fill_null ifnull if_null nvl value_or;
    [(&mut self) -> usize] where MayBeMissing: len;
    [(&mut self) -> String] where MayBeMissing: to_lowercase to_uppercase trim;
    [<A>(&mut self, _: A) -> bool] where MayBeMissing: starts_with ends_with contains eq_ignore_ascii_case;
    [(&mut self) -> Self::Value] where MayBeMissing: abs round floor ceil;
    [<A>(&mut self, _: A)] where MayBeMissing: ifPresent if_present ifPresentOrElse;
    [<A>(&mut self, _: A) -> bool] where MayBeMissing: equals isEqualTo is_equal_to isin is_in in_;
    [<A, B>(&mut self, _: A, _: B) -> bool] where MayBeMissing: between is_between;
}

asked_of_values! {
    /// What is asked of a length of time: words that are functions of the type go before, so that they stand here.
    LengthWords []
    [(&mut self) -> i64] where CountsUnits: seconds minutes hours days milliseconds;
}

impl LengthWords for crate::time::Duration {}
impl TextWords for str {}
impl<T> ListWords for [T] {}
impl<T> OptionWords for Option<T> {
    type Value = T;
}
macro_rules! numbers {
    ($($number:ty)+) => {$(impl NumberWords for $number {})+};
}
numbers!(i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);

/// What a function of SQL would be of.
#[doc(hidden)]
#[derive(Debug)]
pub struct FunctionOf<A>(std::marker::PhantomData<A>);

/// Functions of SQL for values, in the prelude: a function of the user's own with the same name goes before them.
#[doc(hidden)]
pub mod functions {
    use super::*;

    macro_rules! functions {
        ($($bound:ident [$($where:tt)*] ($($other:ident),*) -> $made:ty: $($word:ident)+;)+) => {
            $(functions!(@words [$($where)*] ($($other),*) [$made] $($word)+);)+
        };
        (@words $where:tt $others:tt $made:tt $($word:ident)+) => {
            $(functions!(@function $where $others $made $word);)+
        };
        (@function [$($where:tt)*] ($($other:ident),*) [$made:ty] $word:ident) => {
            #[doc(hidden)]
            #[allow(missing_docs)]
            pub fn $word<A $(, $other)*>(_: A $(, _: $other)*) -> $made
            where
                $($where)*
            {
                nowhere()
            }
        };
    }

    /// The clock's reading, which no closure over rows takes.
    #[doc(hidden)]
    pub fn now<T>() -> <crate::time::Instant<T> as crate::time::MadeOtherwise>::Made
    where
        crate::time::Instant<T>: crate::time::MadeOtherwise,
    {
        nowhere()
    }

    functions! {
        ChangesCase [FunctionOf<A>: ChangesCase] () -> String: lower upper;
        Trimmed [FunctionOf<A>: Trimmed] () -> String: trim;
        Joined [FunctionOf<A>: Joined] (B) -> String: concat;
        GivesParts [FunctionOf<A>: GivesParts] (B, C) -> String: substring substr;
        Replaces [FunctionOf<A>: Replaces] (B, C) -> String: regexp_replace;
        Searched [FunctionOf<A>: Searched] (B) -> bool: like;
        HasLen [FunctionOf<A>: HasLen] () -> usize: len length;
        SaidAsText [FunctionOf<A>: SaidAsText] () -> String: str;
        Rounded [FunctionOf<A>: Rounded] (B) -> f64: round;
        Rounded [FunctionOf<A>: Rounded] () -> A: abs floor ceil sqrt;
    }
}

/// The bounds, each with its message.
macro_rules! bounds {
    ($($bound:ident: $message:literal, $($note:literal),+;)+) => {$(
        #[doc(hidden)]
        #[diagnostic::on_unimplemented(message = $message, label = "there is no such method", $(note = $note),+)]
        pub trait $bound: Sized {}
    )+};
}

bounds! {
    ComparedBySign: "values are compared by `==` and `!=`", "write `p.shop == \"Zara\"`, `p.cents != 0`";
    ComparedWithoutCase: "texts are compared without regard to case by `.eq_ignore_ascii_case(..)`",
        "write `p.shop.eq_ignore_ascii_case(\"zara\")`; what is no ASCII is made small on both sides, `.to_lowercase()`";
    ChangesCase: "small letters are made by `.to_lowercase()`, and large ones by `.to_uppercase()`", "write `p.shop.to_lowercase() == \"zara\"`";
    Searched: "a text is searched by `.contains(..)`, `.starts_with(..)` and `.ends_with(..)`",
        "write `p.shop.starts_with(\"RE\")`; for patterns there is the crate `regex`, whose `Regex` is made once, in a `static` with `LazyLock`";
    GivesParts: "a part of a text is taken by its characters, or by a range of its bytes",
        "the first three characters are `p.shop.chars().take(3).collect::<String>()`, the first one is `p.shop.chars().next()`, an `Option`; \
         bytes are `p.shop.get(0..3)`, an `Option` as well";
    HasLen: "how long it is says `.len()`", "of a text that is the number of bytes, and `.chars().count()` that of characters; whether there is \
        anything says `.is_empty()`";
    AlwaysThere: "this value is always there: its type is `{Self}`",
        "leave out what is asked of it; a field that may be missing is declared as an `Option`, and asked by `.is_some()` and `.is_none()`";
    FindsPlaces: "where a text stands in another says `.find(..)`", "write `p.shop.find(\"x\")`, an `Option` of the byte it begins at; whether it \
        does at all says `p.shop.contains(\"x\")`";
    Replaces: "each of the places is replaced by `.replace(..)`", "write `p.shop.replace(\"x\", \"y\")`; for patterns there is the crate `regex`";
    ReadAsNumber: "a number is read from a text by `.parse::<i64>()`, which may fail",
        "write `p.shop.parse::<i64>().unwrap_or(0)`, or `.filter_map(|p| p.shop.parse().ok().map(|id: i64| ..))` to leave out the rows that have none";
    Trimmed: "spaces are taken away by `.trim()`, `.trim_start()` and `.trim_end()`", "write `p.shop.trim().to_owned()` where a `String` is wanted";
    SaysBlank: "whether a text is empty says `.is_empty()`", "write `p.shop.is_empty()`, `!p.shop.is_empty()`, or `p.shop.trim().is_empty()`";
    OneOf: "whether a value is one of several says `.contains(..)` of these", "write `[1, 2].contains(&p.card)`, and of a text \
        `[\"a\", \"b\"].contains(&p.shop.as_str())`";
    BetweenTwo: "whether a value lies between two says `.contains(..)` of a range", "write `(1..=10).contains(&p.cents)`, or `p.cents >= 1 && p.cents <= 10`; \
        texts are compared as `p.shop.as_str() >= \"a\"`";
    Joined: "texts are put together by `format!`", "write `format!(\"{{}}-{{}}\", p.shop, p.card)`";
    Rounded: "numbers are rounded by methods of theirs",
        "write `p.rate.round()`, `.floor()`, `.ceil()`, `.sqrt()`, and `p.cents.abs()`; to two places it is `(p.rate * 100.0).round() / 100.0`";
    SaidAsText: "a number becomes a text by `.to_string()`", "write `p.card.to_string()`, or `format!(\"{{:.2}}\", p.rate)`";
    Cast: "a number becomes another type by `as`", "write `p.cents as f64`; what may not fit is `i32::try_from(p.cents)`";
    Holding: "whether a list has a value says `.contains(..)`", "write `p.tags.contains(&tag)`; of texts, `p.tags.iter().any(|tag| tag == \"new\")`";
    MayBeMissing: "a value that may be missing is an `Option`, and asked as one",
        "whether it is there says `.is_some()` or `.is_none()`, and whether something holds of it `.is_some_and(|tip| tip > 100)`",
        "what stands in for it is said by `.unwrap_or(0)`, and of a text by `.as_deref().unwrap_or(\"none\")`";
}
