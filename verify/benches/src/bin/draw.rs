//! Draws the pictures of what `verify/benches/run` measured (`docs/benchmarks/*.svg`), and copies
//! its tables into `docs/benchmarks.md`.
//!
//! ```text
//! cargo run -p session-bench --features pictures --bin draw
//! ```

use std::path::{Path, PathBuf};

use session_bench::callgrind::Group;
use session_bench::picture::{Axes, Bar, Panel, Series, bars, lines, stacks};
use session_bench::report::Table;

fn main() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let folder = docs.join("benchmarks");
    let about = read(&folder.join("about.md"));
    let drawing = Drawing {
        caption: caption(&about),
        folder,
    };
    drawing.peers(
        "peers-instructions.svg",
        "instructions",
        "instructions that the processor ran",
    );
    drawing.peers("peers-time.svg", "ns", "nanoseconds");
    drawing.sizes();
    drawing.redis();
    drawing.http();
    drawing.profile();
    drawing.page(&docs.join("benchmarks.md"), &about);
}

struct Drawing {
    folder: PathBuf,
    /// The line below each picture: the date and the machine.
    caption: String,
}

impl Drawing {
    /// Draws what sessions add to a request, with a panel for each action.
    fn peers(&self, file: &str, column: &str, unit: &str) {
        let panels = PEERS.map(|(name, what)| Panel {
            title: what.to_owned(),
            bars: bars_of(self.table(name).column(column)),
        });
        let title = format!("What sessions add to a request: {unit}");
        self.write(file, &bars(&title, &self.caption, &panels));
    }

    fn sizes(&self) {
        let series = |table: &str, column: &str, name: &str| {
            let table = self.table(table);
            let points = table
                .column(column)
                .into_iter()
                .map(|(size, value)| (size.parse().expect("a size"), value));
            Series {
                name: name.to_owned(),
                points: points.collect(),
            }
        };
        let in_cookie = [
            series("sizes-cookie", "read + write", "read + write"),
            series("sizes-cookie", "read", "read"),
        ];
        let axes = Axes {
            x: "bytes of session",
            y: "instructions, without the MAC",
            are_logarithmic: false,
        };
        let title = "By the size of the session, in the cookie";
        self.write(
            "sizes-cookie.svg",
            &lines(title, &self.caption, axes, &in_cookie),
        );
        let on_server = [
            series("sizes-redis", "read + write, ns", "Redis, read + write"),
            series("sizes-redis", "read, ns", "Redis, read"),
            series("sizes-memory", "read + write, ns", "memory, read + write"),
            series("sizes-memory", "read, ns", "memory, read"),
        ];
        let axes = Axes {
            x: "bytes of session",
            y: "nanoseconds",
            are_logarithmic: true,
        };
        let title = "By the size of the session, on the server";
        self.write(
            "sizes-server.svg",
            &lines(title, &self.caption, axes, &on_server),
        );
    }

    fn redis(&self) {
        let table = self.table("redis");
        let panels = table.columns.iter().map(|column| Panel {
            title: format!("{column} at once"),
            bars: bars_of(table.column(column)),
        });
        let panels: Vec<Panel> = panels.collect();
        let title = "Redis on loopback: thousands of requests per second";
        self.write("redis.svg", &bars(title, &self.caption, &panels));
    }

    fn http(&self) {
        let panels = ["http-read", "http-write"].map(|name| {
            let table = self.table(name);
            Panel {
                title: table.title.clone(),
                bars: bars_of(table.column("ratio")),
            }
        });
        let title = "Requests per second, relative to a server without sessions";
        self.write("http.svg", &bars(title, &self.caption, &panels));
    }

    fn profile(&self) {
        let (before, now) = (self.table("profile-before"), self.table("profile"));
        let mut rows = Vec::new();
        for action in ["read", "read + write"] {
            let (ours, floor) = (format!("cookie: {action}"), format!("floor: {action}"));
            for (name, table, column) in [
                ("before", &before, &ours),
                ("now", &now, &ours),
                ("the floor", &now, &floor),
            ] {
                rows.push((
                    format!("{action}, {name}"),
                    without_mac(&table.column(column)),
                ));
            }
        }
        let parts = Group::ALL.into_iter().filter(|group| *group != Group::Mac);
        let parts: Vec<&str> = parts.map(Group::name).collect();
        let title = "What a request's instructions are for, without the MAC";
        self.write("profile.svg", &stacks(title, &self.caption, &parts, &rows));
    }

    /// Replaces the tables between their marks.
    fn page(&self, file: &Path, about: &str) {
        let mut page = String::new();
        let mut is_replaced = false;
        for line in read(file).lines() {
            if line == END {
                is_replaced = false;
            }
            if !is_replaced {
                page += line;
                page.push('\n');
            }
            if let Some(name) = line
                .strip_prefix(BEGIN)
                .and_then(|line| line.strip_suffix(" -->"))
            {
                page += &match name {
                    "about" => about.to_owned(),
                    name => self.table(name).markdown() + "\n",
                };
                is_replaced = true;
            }
        }
        std::fs::write(file, page).expect("the page is writable");
    }

    fn table(&self, name: &str) -> Table {
        Table::kept(&self.folder, name)
            .unwrap_or_else(|| panic!("there is no table {name}: run verify/benches/run"))
    }

    fn write(&self, file: &str, svg: &str) {
        std::fs::write(self.folder.join(file), svg).expect("the folder is writable");
    }
}

fn bars_of(values: Vec<(&str, f64)>) -> Vec<Bar> {
    let bars = values.into_iter().map(|(name, value)| Bar {
        name: name.to_owned(),
        value,
        is_ours: name.contains("ours"),
    });
    bars.collect()
}

fn without_mac(values: &[(&str, f64)]) -> Vec<f64> {
    let parts = Group::ALL.into_iter().filter(|group| *group != Group::Mac);
    let value = |part: Group| values.iter().find(|(name, _)| *name == part.name());
    parts
        .map(|part| value(part).map_or(0.0, |(_, value)| *value))
        .collect()
}

/// Returns the first two lines about the measurement: the date and the machine.
fn caption(about: &str) -> String {
    let parts = about.lines().take(2);
    let parts = parts.filter_map(|line| Some(line.split_once(": ")?.1));
    parts.collect::<Vec<_>>().join(", ")
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

const PEERS: [(&str, &str); 5] = [
    ("peers-untouched", "untouched"),
    ("peers-unused", "untouched, with a cookie"),
    ("peers-read", "read one value"),
    ("peers-read-write", "read and write"),
    ("peers-bad-signature", "bad signature"),
];
const BEGIN: &str = "<!-- table: ";
const END: &str = "<!-- end -->";
