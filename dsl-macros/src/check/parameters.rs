//! Parameters: their values are kept with the state, and compared with those of the next run.

use syn::PathSegment;
use syn::visit::{self, Visit};

use crate::ast::Pipeline;
use crate::diagnostics::Diagnostics;

/// Reports sets that have another order in every run. Behind a type's alias they are not seen.
pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    for parameter in &pipeline.parameters {
        UnorderedSets { diagnostics }.visit_type(&parameter.ty);
    }
}

struct UnorderedSets<'a> {
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Visit<'a> for UnorderedSets<'_> {
    fn visit_path_segment(&mut self, segment: &'a PathSegment) {
        if segment.ident == "HashSet" {
            self.diagnostics.error(
                &segment.ident,
                "a `HashSet` has another order in every run, and the value of a parameter is compared with that of the run before: \
                 take a `BTreeSet`",
            );
        }
        visit::visit_path_segment(self, segment);
    }
}
