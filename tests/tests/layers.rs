//! The engine's layers: each module uses only those above it in this list, or in its own row.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const LAYERS: &[&[&str]] = &[
    &["base"],
    &["collections"],
    &["io", "event"],
    &["resp"],
    &["types"],
    &["keyspace"],
    &["clients", "cluster", "persist"],
    &[
        "ahead",
        "commands",
        "config",
        "conversion",
        "defrag",
        "execute",
        "expiry",
        "inspect",
        "node",
        "room",
        "state",
        "timers",
    ],
    &["world"],
];

#[test]
fn every_module_uses_only_layers_above_its_own() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/src");
    let layer_of: BTreeMap<&str, usize> =
        LAYERS.iter().enumerate().flat_map(|(layer, names)| names.iter().map(move |name| (*name, layer))).collect();
    let mut files = Vec::new();
    collect(&source, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&source).unwrap();
        let module = relative.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        let Some(&own) = layer_of.get(module) else {
            wrong.push(format!("{module} has no layer: give it one in {}", file!()));
            continue;
        };
        let text = fs::read_to_string(&file).unwrap();
        // What only tests use is no dependency of the module.
        let text = text.split("#[cfg(test)]").next().unwrap();
        for used in text.split("crate::").skip(1) {
            let name: String = used.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if let Some(&layer) = layer_of.get(name.as_str())
                && layer > own
            {
                wrong.push(format!("{} uses {name}, which lies below it", relative.display()));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
