//! Every committed input, without a fuzzer: on a stable compiler, in a debug build.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use session_fuzz::TARGETS;

#[test]
fn every_input_of_the_corpus_passes() {
    for (name, run) in TARGETS {
        for path in entries(&corpus().join(name)) {
            println!("{}", path.display());
            run(&fs::read(&path).expect("the input is readable"));
        }
    }
}

/// The scripts take the names of the targets from the corpus.
#[test]
fn every_target_has_a_corpus() {
    let targets: BTreeSet<PathBuf> = TARGETS.map(|(name, _)| corpus().join(name)).into();
    assert_eq!(entries(&corpus()), targets);
    for folder in targets {
        assert!(!entries(&folder).is_empty(), "{folder:?} is empty");
    }
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn entries(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is readable");
    entries
        .map(|entry| entry.expect("the entry is readable").path())
        .collect()
}
