//! How many bytes a record has as JSON.

use super::record::{Record, Texts};

/// What a record includes besides data and flash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extra {
    /// Whether it says when the session was created.
    pub(crate) is_dated: bool,
    /// Whether there is room for the last save and the login.
    pub(crate) is_stamped: bool,
    pub(crate) remembered: Option<u64>,
}

/// Returns the length of a record's JSON. Ids have 36 characters and times 13 digits.
pub(crate) fn json_len(data: &Texts, flash: &Texts, extra: Extra) -> usize {
    let object = |texts: &Texts| {
        let members: usize = texts
            .iter()
            .map(|(key, value)| key.escape_default().count() + value.len() + 3)
            .sum();
        2 + members + texts.len().saturating_sub(1)
    };
    let frame = r#"{"id":"00000000-0000-4000-8000-000000000000","data":,"flash_next":,"exp":1700000000000}"#.len();
    let date = r#","iat":1700000000000"#.len();
    let dates = usize::from(extra.is_dated) + 2 * usize::from(extra.is_stamped);
    let remember = extra
        .remembered
        .map_or(0, |lifetime| format!(r#","remember":{lifetime}"#).len());
    frame + object(data) + object(flash) + dates * date + remember
}

/// Returns the length of a merged record's JSON, which includes a 12-character tag for every flash
/// entry that it carries along.
pub(crate) fn measure(record: &Record, carried: &[&String], is_stamped: bool) -> usize {
    let extra = Extra {
        is_dated: record.created_at.is_some(),
        is_stamped,
        remembered: record.remembered,
    };
    let json = json_len(&record.data, &record.flash_texts(), extra);
    if carried.is_empty() {
        return json;
    }
    let from: Texts = carried
        .iter()
        .map(|name| ((*name).clone(), "\"123456789012\"".to_owned()))
        .collect();
    let nothing = json_len(&Texts::new(), &Texts::new(), extra);
    let object = json_len(&from, &Texts::new(), extra) - nothing + 2;
    json + ",\"flash_from\":".len() + object
}
