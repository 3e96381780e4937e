//! Which fields of a row are to be decoded.

use super::schema::Schema;

/// A set of fields of one record type: bit `i` stands for field `i` of its [`Schema::fields`].
///
/// ```
/// use waterwheel::prelude::*;
///
/// use waterwheel::record::{FieldMask, Record};
///
/// #[derive(Clone, Record)]
/// struct Payment { card: u64, cents: i64 }
///
/// let mask = Payment::mask(&["cents", "no field"]);
/// assert_eq!(mask.names(Payment::SCHEMA), ["cents"]);
/// assert!(FieldMask::ALL.has(0) && !mask.has(0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FieldMask(u128);

impl FieldMask {
    /// Every field.
    pub const ALL: FieldMask = FieldMask(u128::MAX);
    /// No field.
    pub const NONE: FieldMask = FieldMask(0);
    /// How many fields a mask has room for, and so the most fields that a record may have.
    pub const CAPACITY: usize = 128;

    /// This set and the field at `index`, which is less than [`FieldMask::CAPACITY`].
    #[must_use]
    pub const fn with(self, index: usize) -> FieldMask {
        FieldMask(self.0 | 1 << index)
    }

    /// The fields of either set.
    #[must_use]
    pub const fn union(self, other: FieldMask) -> FieldMask {
        FieldMask(self.0 | other.0)
    }

    /// Whether the field at `index` is to be decoded.
    #[inline]
    pub const fn has(self, index: usize) -> bool {
        self.0 >> index & 1 != 0
    }

    /// The names of the fields of `schema` that are in the set.
    pub fn names(self, schema: &Schema) -> Vec<&'static str> {
        let fields = schema.fields.iter().enumerate();
        fields.filter(|(index, _)| self.has(*index)).map(|(_, field)| field.name).collect()
    }
}
