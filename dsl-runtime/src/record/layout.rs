//! Where a reader finds its fields in the rows of one writer's schema: looked up once, then used for every row.

use super::schema::RowShape;

/// Where each field of a record type lies in rows of one schema.
#[derive(Debug, Clone)]
pub struct RowLayout {
    pub(super) record: String,
    pub(super) shape: RowShape,
    /// By the field's place in the reader's schema.
    pub(super) slots: Vec<Slot>,
    /// Whether every field lies where the reader's own schema has it, and there are no others.
    pub(super) is_current: bool,
}

impl RowLayout {
    /// Whether the rows are laid out as the reader's own schema says.
    pub fn is_current(&self) -> bool {
        self.is_current
    }
}

#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) extent: Extent,
    /// The flags' bit that is set if the value is null.
    pub(super) null_bit: Option<u32>,
    pub(super) shape: Shape,
    pub(super) field: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// The writer did not know the field.
    Absent,
    /// Counted from the row's first flag byte.
    Fixed { start: u32, width: u32 },
    /// The number of the field's entry in the offset table.
    Variable { index: u32 },
    /// The row is the value: the one field of a `raw` topic's record.
    Whole,
}

/// How the bytes of one value are laid out, where its type alone does not tell.
#[derive(Debug, Clone)]
pub enum Shape {
    /// As the reader's type has it.
    Plain,
    /// A `Vec` or an array of such elements.
    List(Box<ElementShape>),
    /// A map: before each value its key.
    Map(Box<MapShape>),
    /// A nested record, or a tuple.
    Record(Box<RowLayout>),
    /// An enum.
    Enum(Box<EnumLayout>),
}

/// How the entries of a map are laid out.
#[derive(Debug, Clone)]
pub struct MapShape {
    pub(super) key: ElementShape,
    pub(super) value: ElementShape,
}

/// How the elements of a list are laid out.
#[derive(Debug, Clone)]
pub enum ElementShape {
    /// Side by side, each of `width` bytes.
    Packed {
        /// Bytes of an element.
        width: usize,
        /// The shape of each.
        shape: Shape,
    },
    /// Each with its length in front.
    Sized {
        /// Whether the length is one more and 0 a null.
        optional: bool,
        /// The shape of each.
        shape: Shape,
    },
}

/// Where the fields of each variant lie.
#[derive(Debug, Clone)]
pub struct EnumLayout {
    pub(super) name: String,
    /// By ascending id; variants that the reader does not know are left out.
    pub(super) variants: Vec<VariantLayout>,
}

#[derive(Debug, Clone)]
pub(super) struct VariantLayout {
    pub(super) id: u16,
    /// The variant's place in the reader's schema.
    pub(super) index: usize,
    pub(super) layout: RowLayout,
}

/// Stops the build at the line that asks, where `assert!` would show a line of Rust's own library.
#[track_caller]
pub(super) const fn must_be(is_so: bool, otherwise: &str) {
    if !is_so {
        panic!("{}", otherwise);
    }
}
