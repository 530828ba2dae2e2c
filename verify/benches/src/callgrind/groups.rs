//! The purpose of an instruction.

use super::Place;

/// The purpose of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Reading and writing JSON: serde, serde_json, and our reader of plain JSON.
    Json,
    /// base64.
    Base64,
    /// The MAC, including the bytes that it compares and copies.
    Mac,
    /// The heap.
    Allocator,
    /// memcpy and its relatives.
    Copying,
    /// This library.
    Session,
    /// The standard library's own functions: maps, UTF-8, formatting.
    Standard,
    /// The framework, the runtime, and the case.
    Other,
}

impl Group {
    /// Every group, in the order of a table.
    pub const ALL: [Self; 8] = [
        Self::Json,
        Self::Base64,
        Self::Mac,
        Self::Allocator,
        Self::Copying,
        Self::Session,
        Self::Standard,
        Self::Other,
    ];

    /// Returns the name in a table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Base64 => "base64",
            Self::Mac => "MAC",
            Self::Allocator => "allocator",
            Self::Copying => "copying and comparing",
            Self::Session => "session logic",
            Self::Standard => "standard library",
            Self::Other => "everything else",
        }
    }
}

/// Returns the group of the crate that contains the line. A line of the standard library counts for
/// the function that it is inlined into.
pub(super) fn of(place: &Place) -> Group {
    let sources = [&place.line, &place.file];
    let by_source = sources.into_iter().find_map(|source| of_source(source));
    by_source.unwrap_or_else(|| of_function(&place.function))
}

fn of_source(source: &str) -> Option<Group> {
    if source.contains("session-core/src/") && source.ends_with("/plain.rs") {
        return Some(Group::Json);
    }
    let crates = source.split('/').find_map(|part| {
        let (_, group) = CRATES.iter().find(|(name, _)| {
            // A folder of this repository, or a folder of the registry, whose name ends with a
            // version.
            part.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || is_version(rest))
        })?;
        Some(*group)
    });
    crates.or_else(|| source.contains("/registry/src/").then_some(Group::Other))
}

fn is_version(rest: &str) -> bool {
    rest.strip_prefix('-')
        .is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
}

fn of_function(function: &str) -> Group {
    let found = FUNCTIONS.iter().find(|(part, _)| function.contains(part));
    found.map_or(Group::Other, |(_, group)| *group)
}

const CRATES: [(&str, Group); 21] = [
    ("serde", Group::Json),
    ("serde_core", Group::Json),
    ("serde_json", Group::Json),
    ("itoa", Group::Json),
    ("zmij", Group::Json),
    ("base64", Group::Base64),
    ("sha2", Group::Mac),
    ("hmac", Group::Mac),
    ("digest", Group::Mac),
    ("block-buffer", Group::Mac),
    ("crypto-common", Group::Mac),
    ("hybrid-array", Group::Mac),
    ("generic-array", Group::Mac),
    ("cpufeatures", Group::Mac),
    ("subtle", Group::Mac),
    ("session-core", Group::Session),
    ("session-cookie", Group::Session),
    ("session-sealed", Group::Session),
    ("adapters", Group::Session),
    ("zeroize", Group::Session),
    ("benches", Group::Other),
];

/// By name, for code whose source file is unknown or says little: the C library, and generic
/// functions of the standard library, whose names contain their type parameters.
const FUNCTIONS: [(&str, Group); 20] = [
    ("malloc", Group::Allocator),
    ("calloc", Group::Allocator),
    ("realloc", Group::Allocator),
    ("_int_free", Group::Allocator),
    ("unlink_chunk", Group::Allocator),
    ("alloc_perturb", Group::Allocator),
    ("__rust_alloc", Group::Allocator),
    ("__rust_dealloc", Group::Allocator),
    ("__mem", Group::Copying),
    ("serde", Group::Json),
    ("base64", Group::Base64),
    ("sha2", Group::Mac),
    ("hmac", Group::Mac),
    ("digest", Group::Mac),
    ("session_core", Group::Session),
    ("session_cookie", Group::Session),
    ("session_bench", Group::Other),
    ("core::", Group::Standard),
    ("alloc::", Group::Standard),
    ("free", Group::Allocator),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_standard_library_counts_for_the_function_around_it() {
        let group = |line: &str, file: &str, function: &str| {
            of(&Place {
                line: line.to_owned(),
                file: file.to_owned(),
                function: function.to_owned(),
            })
        };
        let std = "/rustc/0/library/core/src/ptr/mod.rs";
        let json = "/home/registry/src/index/serde_json-1.0.154/src/de.rs";
        assert_eq!(group(json, std, "x"), Group::Json);
        assert_eq!(group(std, json, "x"), Group::Json);
        assert_eq!(group(std, std, "<base64::Engine>::decode"), Group::Base64);
        assert_eq!(group(std, std, "core::str::from_utf8"), Group::Standard);
        assert_eq!(
            group("./elf/x.S", "./elf/x.S", "__memcpy_avx"),
            Group::Copying
        );
        assert_eq!(
            group("session-core/src/members.rs", std, "x"),
            Group::Session
        );
        assert_eq!(
            group("/registry/src/http-1.5.0/src/map.rs", std, "x"),
            Group::Other
        );
    }
}
