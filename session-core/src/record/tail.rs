//! The end of a record's JSON, from which most requests learn that they leave the record as it is.

use crate::Timestamp;

/// The times of a record without flash.
pub(crate) struct Tail {
    pub(crate) expires_at: Timestamp,
    pub(crate) created_at: Option<Timestamp>,
}

impl Tail {
    /// Reads the end of a record's JSON: no flash, the expiry, maybe the time of creation, and nothing after them. `None`
    /// if it ends in any other way.
    ///
    /// If the text is JSON, nothing before that end changes what it says. Its last brace closes the record, so the fields
    /// before it are the record's own. A quote after a comma is not escaped, so it begins a name. And of two fields with
    /// one name, the last one counts. Whoever reads the text later finds out whether it is JSON.
    pub(crate) fn read(json: &str) -> Option<Self> {
        let (fields, last) = split_number(json.strip_suffix('}')?)?;
        let (fields, expires_at, created_at) = match fields.strip_suffix(",\"iat\":") {
            Some(fields) => {
                let (fields, expires_at) = split_number(fields)?;
                (fields, expires_at, Some(last))
            }
            None => (fields, last, None),
        };
        fields
            .ends_with(",\"flash_next\":{},\"exp\":")
            .then_some(Self {
                expires_at,
                created_at,
            })
    }
}

/// Splits off the time at the end of the text.
fn split_number(text: &str) -> Option<(&str, Timestamp)> {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let digits = text.bytes().rev().take_while(|byte| is_digit(byte)).count();
    let (before, number) = text.split_at_checked(text.len() - digits)?;
    Some((before, Timestamp::from_millis(number.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Record;

    const FIELDS: &[&str] = &[
        r#""flash_next":{}"#,
        r#""flash_next":{"n":1}"#,
        r#""flash_next":null"#,
        r#""exp":1700000000000"#,
        r#""exp":17e11"#,
        r#""exp":-5"#,
        r#""iat":1600000000000"#,
        r#""data":{"a":{"flash_next":{},"exp":1}}"#,
        r#""data":{"a":"\",\"flash_next\":{},\"exp\":1"}"#,
        r#""data":{"flash_next":{},"exp":1700000000001}"#,
        r#""x":"\\","flash_next":{},"exp":1700000000002"#,
        r#""flash_next\\":{},"exp":1700000000003"#,
        r#""remember":60000"#,
        r#""moved":true"#,
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        /// Fields in any order, also twice: what the end says is what the whole says.
        #[test]
        fn the_end_says_what_the_whole_says(
            fields in prop::collection::vec(prop::sample::select(FIELDS), 0..6),
            end in prop::sample::select(&["", " ", "}", ",\"flash_next\":{},\"exp\":5"]),
        ) {
            let json = format!(r#"{{"id":"a1",{}{end}}}"#, fields.join(","));
            if let (Some(tail), Ok(record)) = (Tail::read(&json), Record::from_json(json.clone())) {
                prop_assert_eq!(Some(tail.expires_at), record.expires_at(), "{}", json);
                prop_assert_eq!(tail.created_at.or(record.created_at()), record.created_at());
                prop_assert!(record.flash_next().is_empty());
            }
        }
    }

    #[test]
    fn a_record_without_flash_tells_its_times() {
        let times = |json: &str| {
            let tail = Tail::read(json)?;
            Some((
                tail.expires_at.as_millis(),
                tail.created_at.map(Timestamp::as_millis),
            ))
        };
        let json = r#"{"id":"1","data":{"a":1},"flash_next":{},"exp":17"#;
        assert_eq!(times(&format!("{json}}}")), Some((17, None)));
        assert_eq!(times(&format!("{json},\"iat\":16}}")), Some((17, Some(16))));
        for end in [
            "",
            " }",
            "} ",
            "}}",
            ".5}",
            ",\"iat\":}",
            ",\"oat\":1}",
            ",\"remember\":60000}",
            "00000000000000000000}",
        ] {
            assert_eq!(times(&format!("{json}{end}")), None, "{end}");
        }
        for other in ["", "}", "17}", r#"{"id":"1","data":{},"exp":17}"#] {
            assert_eq!(times(other), None, "{other}");
        }
    }
}
