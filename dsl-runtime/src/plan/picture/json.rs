//! The picture as JSON: for programs that look at plans.

use super::Picture;

impl Picture {
    /// An object with the pipeline's name and its operators, each field on a line of its own.
    pub(crate) fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("texts and numbers can be JSON");
        text + "\n"
    }

    /// Several as one list.
    #[cfg(feature = "cli")]
    pub(crate) fn list_to_json(pictures: &[Picture]) -> String {
        let text = serde_json::to_string_pretty(pictures).expect("texts and numbers can be JSON");
        text + "\n"
    }
}
