//! What stands in for a field that a row was written without, where the field's type says it.

/// A type that has a default: what `#[field(default)]` takes.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no default, and `default` asks for it",
    label = "asks for the `Default` of `{Self}`",
    note = "say which value stands in for the field, `#[field(default = Level::Low)]`; or give the type a default: `#[derive(Default)]` above it, in an enum with `#[default]` above the variant"
)]
pub trait HasDefault {
    /// The default.
    fn value() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> HasDefault for T {
    fn value() -> T {
        T::default()
    }
}

/// The default of a field's type; the derive calls it for `#[field(default)]`.
#[doc(hidden)]
pub fn default_of_a_field<T: HasDefault>() -> T {
    T::value()
}
