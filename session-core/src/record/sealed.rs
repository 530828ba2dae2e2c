//! Records whose content is encrypted.

use super::json::escape;
use crate::Record;

impl Record {
    /// Creates the record that a driver stores instead of this one if it encrypts. `content` is what this one holds, encrypted
    /// and in an encoding that needs no escapes in JSON, such as base64.
    ///
    /// The id and what a driver needs beside it stay readable. Everything else is gone from this record. A manager takes
    /// a sealed record for no session: only a driver that opens it finds the session in it.
    ///
    /// # Examples
    ///
    /// ```
    /// use session_core::Record;
    ///
    /// let record = Record::from_json(r#"{"id":"a1","data":{"user":42}}"#)?;
    /// let sealed = record.sealed("c2VjcmV0");
    /// assert_eq!(sealed.to_json(), r#"{"id":"a1","data":{},"flash_next":{},"sealed":"c2VjcmV0"}"#);
    /// assert_eq!(Record::from_json(sealed.to_json())?.sealed_content(), Some("c2VjcmV0"));
    /// # Ok::<(), session_core::Error>(())
    /// ```
    #[must_use]
    pub fn sealed(&self, content: &str) -> Self {
        Self {
            expires_at: self.expires_at,
            is_moved: self.is_moved,
            owner: self.owner.clone(),
            sealed: Some(format!("\"{}\"", escape(content)).into()),
            ..Self::new(self.id.clone())
        }
    }

    /// Returns the encrypted content of a [sealed](Self::sealed) record.
    #[must_use]
    pub fn sealed_content(&self) -> Option<&str> {
        let content = self.sealed.as_deref()?;
        // Whatever else is there has no content, and the record is sealed all the same.
        let quoted = content
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        Some(quoted.unwrap_or_default())
    }
}
