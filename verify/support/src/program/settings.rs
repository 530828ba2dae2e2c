//! `--print-settings`, and other arguments.

use serde_json::Value;

use super::{Playground, SECRET, Test, run_with, tests};

pub(super) const TESTS: &[Test] = tests![
    its_settings_are_printed_without_remarks_and_secrets,
    an_unknown_argument_is_reported,
];

async fn its_settings_are_printed_without_remarks_and_secrets(playground: Playground) {
    let secret = ("SESSION_SECRET", SECRET);
    let loud = ("RUST_LOG", "trace");
    for (vars, remarks) in [
        (&[][..], 2),
        (&[secret, ("SESSION_SECURE", "true"), ("PORT", "none")], 0),
        (&[secret, loud, ("SESSION_DRIVER", "memory")], 1),
    ] {
        let output = run_with(playground, &["--print-settings"], vars).await;
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{error}");
        let found = error.matches(" is not set; ").count();
        assert_eq!(found, remarks, "{error}");
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(!printed.contains(SECRET) && !error.contains(SECRET));
        let settings: Value = serde_json::from_str(&printed).unwrap();
        let is_secure = vars.contains(&("SESSION_SECURE", "true"));
        assert_eq!(settings["cookie"]["name"], playground.name);
        assert_eq!(settings["cookie"]["secure"], is_secure);
        assert_eq!(settings["effective"], true);
    }
}

async fn an_unknown_argument_is_reported(playground: Playground) {
    for arguments in [&["--port"][..], &["--print-settings", "--port"]] {
        let output = run_with::<&str>(playground, arguments, &[]).await;
        let expected = format!(
            "{}: unknown argument \"--port\"; use --print-settings or none\n",
            playground.name
        );
        assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
    }
}
