//! One declaration of `topics!`.

use syn::{Attribute, Expr, Ident, LitStr, Type, Visibility};

/// `pub Flights("flights"): Flight { key: carrier, time: at }`
pub(crate) struct TopicDeclaration {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) ident: Ident,
    pub(crate) name: LitStr,
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
    Given(Expr),
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
    pub(crate) key: Option<Expr>,
    /// A field or a closure of one parameter.
    pub(crate) time: Option<Expr>,
    pub(crate) partitions: u32,
    pub(crate) format: Format,
}

/// How a topic's rows are written.
pub(crate) enum Format {
    Native,
    Json,
    Raw,
}
