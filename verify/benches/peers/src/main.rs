//! Measures whole requests through each adapter, in process, and the same requests through other
//! libraries.
//!
//! ```text
//! cargo run --profile measure                     # everything
//! cargo run --profile measure -- "axum: ours"     # only the applications whose name contains this
//! ```
//!
//! Each figure is what sessions add to the bare framework, which has the same routes and gets the
//! same requests.

use std::process::ExitCode;

use session_bench::cases::{self, Figures};
use session_bench::report::{Results, Table};

use session_peers::app::{Action, bare, with_sessions};
use session_peers::apps::{
    actix, axum, in_cookie, in_cookie_lazily, in_encrypted_cookie, in_memory, poem, private_jar,
    ruts, tower_sessions, warp,
};

fn main() -> ExitCode {
    let frameworks = [
        (
            bare("axum", axum::bare),
            vec![
                bare("a layer that does nothing", axum::pass_through),
                with_sessions("axum: ours, cookie", || axum::ours(in_cookie())),
                with_sessions("axum: ours, encrypted cookie", || {
                    axum::ours(in_encrypted_cookie())
                }),
                with_sessions("axum: ours, cookie, lazily", || {
                    axum::ours(in_cookie_lazily())
                }),
                with_sessions("axum: ours, memory", || axum::ours(in_memory())),
                with_sessions("axum: tower-sessions, cookie", tower_sessions::cookie),
                with_sessions("axum: tower-sessions, memory", tower_sessions::memory),
                with_sessions("axum: ruts, moka", ruts::memory),
                with_sessions("axum: cookie-rs, private jar", private_jar::cookie),
            ],
        ),
        (
            bare("warp", warp::bare),
            vec![
                with_sessions("warp: ours, cookie", || warp::ours(in_cookie())),
                with_sessions("warp: ours, memory", || warp::ours(in_memory())),
            ],
        ),
        (
            bare("poem", poem::bare),
            vec![
                with_sessions("poem: ours, cookie", || poem::ours(in_cookie())),
                with_sessions("poem: ours, memory", || poem::ours(in_memory())),
                with_sessions("poem: its own, cookie", poem::own_cookie),
                with_sessions("poem: its own, memory", poem::own_memory),
            ],
        ),
        (
            bare("actix-web", actix::bare),
            vec![
                with_sessions("actix-web: ours, cookie", || actix::ours(in_cookie())),
                with_sessions("actix-web: ours, cookie, lazily", || {
                    actix::ours(in_cookie_lazily())
                }),
                with_sessions("actix-web: ours, memory", || actix::ours(in_memory())),
                with_sessions("actix-web: actix-session, cookie", actix::cookie),
                with_sessions(
                    "actix-web: actix-session, private cookie",
                    actix::private_cookie,
                ),
            ],
        ),
    ];
    let all = || {
        frameworks
            .iter()
            .flat_map(|(bare, others)| others.iter().chain([bare]))
    };
    if let Some(code) = all().find_map(|app| cases::child(&app.cases)) {
        return code;
    }
    let mut tables = Action::ALL.map(|action| {
        let title = format!("What sessions add to the bare framework: {}", action.name());
        Table::new(action.table(), &title, &Figures::COLUMNS)
    });
    let only = std::env::args()
        .nth(1)
        .filter(|argument| !argument.starts_with("--"));
    for (bare, others) in &frameworks {
        let others: Vec<_> = others
            .iter()
            .filter(|app| only.as_ref().is_none_or(|only| app.name.contains(only)))
            .collect();
        if others.is_empty() {
            continue;
        }
        // All applications of one framework together, so that they take turns.
        let cases = others
            .iter()
            .copied()
            .chain([bare])
            .flat_map(|app| &app.cases);
        let figures = cases::measure(cases);
        let figures: Vec<_> = figures.chunks(Action::ALL.len()).collect();
        let [apps @ .., base] = &figures[..] else {
            unreachable!("the bare one is there")
        };
        for (app, figures) in others.iter().zip(apps) {
            for ((table, with), without) in tables.iter_mut().zip(*figures).zip(*base) {
                let values = with.columns().into_iter().zip(without.columns());
                table.row(
                    &*app.name,
                    values.map(|(with, without)| Some(with? - without?)),
                );
            }
        }
    }
    let results = Results::from_arguments();
    for table in &tables {
        results.add(table);
    }
    ExitCode::SUCCESS
}
