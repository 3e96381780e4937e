//! One declaration of `topics!`.

use proc_macro2::{Span, TokenStream};
use syn::{Attribute, Expr, Ident, LitStr, Type, Visibility};

/// `pub Flights("flights"): Flight { key: carrier, time: at }`
pub(crate) struct TopicDeclaration {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) ident: Ident,
    pub(crate) name: LitStr,
    /// Verbatim where the declaration cannot be read: the error.
    pub(crate) row: Type,
    pub(crate) settings: Vec<Setting>,
}

/// `partitions: 4`
pub(crate) struct Setting {
    pub(crate) name: Ident,
    pub(crate) value: SettingValue,
}

/// What stands behind a setting's colon.
pub(crate) enum SettingValue {
    Given {
        colon: Span,
        value: Expr,
    },
    /// Nothing, or something that is no expression; the error is reported.
    Missing,
}

/// A declaration whose settings are understood.
pub(crate) struct Topic {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) ident: Ident,
    pub(crate) name: LitStr,
    pub(crate) row: Type,
    /// A field, a tuple of fields or a closure of one parameter.
    pub(crate) key: Option<FieldsOfRow>,
    /// A field or a closure of one parameter; or the word `append`.
    pub(crate) time: Option<FieldsOfRow>,
    /// The error that leaves it open whether there is an event time: it stands in the place of its kind.
    pub(crate) time_refused: Option<TokenStream>,
    /// The error of a topic that is called as its rows are: it stands in the place of the topic.
    pub(crate) called_as_its_row: Option<TokenStream>,
    /// Whether the event time is the record's append time.
    pub(crate) time_is_append: bool,
    pub(crate) partitions: u32,
    pub(crate) format: Format,
    /// How long records are kept, in milliseconds.
    pub(crate) retention_ms: Option<u64>,
    /// The name of the codec.
    pub(crate) compression: Option<&'static str>,
    /// What an acknowledgement promises, by the log's word.
    pub(crate) durability: Option<&'static str>,
}

/// What is taken of a row.
pub(crate) struct FieldsOfRow {
    /// The colon before it: the place of all that is added to it.
    pub(crate) colon: Span,
    pub(crate) value: Expr,
}

/// How a topic's rows are written.
pub(crate) enum Format {
    Native,
    Json,
    Raw,
}
